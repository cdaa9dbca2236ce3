// Initialize: answers clients' `initialize` from what the child declared when it was opened, and
// takes the capabilities that the client declares. MCP 2025-11-25, Lifecycle, Initialization. Owned
// by Multiplexer. Loop thread only.
#pragma once

#include <optional>

#include "mux/core/feature.hpp"

namespace sidecar::mux {

class Initialize : public Feature {
 public:
  using Feature::Feature;

  // Call::subject becomes the version that the client asks for.
  std::optional<Answer> on_request(ClientId client, jsonrpc::Message& message, Call& call) override;
  // The call waits until a child is open and is never sent to it.
  bool takes_over(WireId id, Call& call) override;
  void migrate_to(Feature&) override {}

  // A child is open: answers the calls that waited for it.
  void answer_waiting();
};

}  // namespace sidecar::mux
