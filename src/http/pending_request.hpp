// What a Connection remembers of the request at hand, from its first byte to its answer. Private to
// the connection.
#pragma once

#include <functional>

#include "http/connection.hpp"
#include "http/request_reader.hpp"

namespace sidecar::http {

struct Connection::PendingRequest {
  explicit PendingRequest(const Limits& limits) : reader(limits) {}

  RequestReader reader;
  ReplyFields reply_fields;  // of the head check's verdict
  std::function<void()> on_abandoned;
  EndpointCounters* endpoint = nullptr;
  unsigned version = 11;
  bool head_only = false;
  bool keep_alive = false;
};

}  // namespace sidecar::http
