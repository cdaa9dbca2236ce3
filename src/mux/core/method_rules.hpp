// MethodRule: one row for each method of clients' requests that is not simply passed on.
#pragma once

#include <cstdint>
#include <string_view>

namespace sidecar::mux {

// The feature that handles a method's calls.
enum class FeatureKind : std::uint8_t { kNone, kSubscriptions, kLogLevels, kTasks };

struct MethodRule {
  std::string_view method;
  FeatureKind feature = FeatureKind::kNone;
  // May be sent to a second process if the first dies with it. For tools/call the tool's hints
  // decide (ToolHints).
  bool repeatable = false;
  // Its result may be cached: Call::subject is its key in ListCache, or empty.
  bool list = false;
  // It changes the child's state for its client. If the child is replaced before it answers, the
  // new child must get it too.
  bool must_migrate = false;

  // nullptr: requests of this method are passed on.
  static const MethodRule* find(std::string_view method);
};

}  // namespace sidecar::mux
