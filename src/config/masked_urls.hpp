// Masked URLs: text as logs, errors and listings show it, without the credentials that URLs in it
// carry. No state.
#pragma once

#include <string>
#include <string_view>

namespace sidecar::config {

// In each URL user and password before the host and the values of the query become ***:
// "postgresql://***@db/audit?sslmode=***". When a URL is not well-formed, more of it is masked
// rather than less.
std::string masked_urls(std::string_view text);

// The same for what follows the host of one URL: its path, query and fragment.
std::string masked_query(std::string_view path);

}  // namespace sidecar::config
