// SessionlessPosts: POSTs to /mcp of clients without a session. Many clients never send the id that
// they got, or never asked for one; they are served as over REST: with their key, permissions,
// rates and limits, by a shared child, as a client without capabilities. No answer names a session.
//
//   request                 passed to the child; its progress and log messages come on its stream
//   ping, logging/setLevel  {}; no level is set
//   resources/subscribe, resources/unsubscribe, tasks/*, a request for a task
//                           400, -32600: these need a session
//   notification, answer    202, dropped
//
// A disconnect does not cancel the call. Owned by StreamableHttp; loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "endpoints/mcp/post_response.hpp"
#include "http/exchange.hpp"
#include "jsonrpc/message.hpp"
#include "mux/pool/instances.hpp"
#include "session/sessionless_calls.hpp"

namespace sidecar::endpoints {

class SessionlessPosts {
 public:
  SessionlessPosts(mux::Instances& instances, const StreamableParts& parts);

  session::SessionlessCalls& calls() { return calls_; }

  void take(http::Exchange exchange, jsonrpc::Message message, Accepted accepted);

 private:
  void answer(std::uint64_t number, mux::Answer answer);

  mux::Instances& instances_;
  const StreamableParts& parts_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::unique_ptr<PostResponse>> posts_;
  session::SessionlessCalls calls_;  // last: its calls use the members above
};

}  // namespace sidecar::endpoints
