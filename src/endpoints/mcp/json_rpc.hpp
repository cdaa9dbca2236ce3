// HTTP answers whose body is a JSON-RPC error.
#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"

namespace sidecar::endpoints {

// `id`: a token, "null" where no request's id could be read.
http::Response json_rpc_error(int status, std::string_view id, int code, std::string_view message);

// The id of the request that a body holds, "null" when it holds none (or a batch).
std::string request_id_in(std::string body);

}  // namespace sidecar::endpoints
