// Masked URLs: text as logs, errors and listings show it, without the credentials that URLs in it
// may carry. In doubt more is masked rather than less: the text may be a URL that is mistyped, and
// the error that says so must not show its password. No state.
//
//   postgresql://u:p@db/a?sslmode=require  postgresql://***@db/a?***
//   https://u:12/34@h/   u:p@h/   //u:p@h  https://***@h/   ***@h/   //***@h
//   https://h/a;id=1     https://h/a#x     https://h/a;***  https://h/a#***
#pragma once

#include <string>
#include <string_view>

namespace sidecar::config {

// Text that may hold URLs, split into words as a shell does.
std::string masked_urls(std::string_view text);

// The value of a setting that is a URL, or a list of URLs: also `token@host` and `host?key`.
std::string masked_url(std::string_view text);

// One word, in which blanks end no URL.
std::string masked_word(std::string_view word);

// What follows the host of a URL: its path, without query and fragment.
std::string masked_query(std::string_view path);

}  // namespace sidecar::config
