// Progress: passes the child's progress notifications to the call that they are for, and restarts
// the call's deadline. MCP 2025-11-25, Progress. Owned by Multiplexer. Loop thread only.
#pragma once

#include "mux/core/feature.hpp"

namespace sidecar::mux {

class Progress : public Feature {
 public:
  using Feature::Feature;

  bool on_child_notification(const jsonrpc::Message& message) override;
  void migrate_to(Feature&) override {}
};

}  // namespace sidecar::mux
