// MethodRule: the methods of clients' requests that need more than being passed on, a row each.
#pragma once

#include <cstdint>
#include <string_view>

namespace sidecar::mux {

// The feature that takes part in a method's calls.
enum class FeatureKind : std::uint8_t { kNone, kSubscriptions, kLogLevels, kTasks };

struct MethodRule {
  std::string_view method;
  FeatureKind feature = FeatureKind::kNone;
  // May be sent to a second process when the first died with it. For tools/call the tool's hints
  // decide.
  bool repeatable = false;
  // Its result may be kept: Call::subject is its key in the ListCache, or empty.
  bool list = false;
  // It changes what the child does for its client from then on. When the child is replaced
  // meanwhile, the new one must get it too.
  bool must_migrate = false;

  // nullptr: the request is passed on.
  static const MethodRule* find(std::string_view method);
};

}  // namespace sidecar::mux
