// MethodRule: one row for each method of clients' requests that is not simply passed on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sidecar::mux {

// The features, in the order in which they take part in each event.
enum class FeatureKind : std::uint8_t {
  kInitialize,
  kServerRequests,
  kSubscriptions,
  kTasks,
  kProgress,
  kLists,
  kLogLevels,
  kNone,
};
inline constexpr std::size_t kFeatures = static_cast<std::size_t>(FeatureKind::kNone);

struct MethodRule {
  std::string_view method;
  FeatureKind feature = FeatureKind::kNone;  // handles its calls
  // May be sent to a second process if the first dies with it. For tools/call the tool's hints
  // decide (Lists).
  bool repeatable = false;
  // It changes the child's state for its client. If the child is replaced before it answers, the
  // new child must get it too.
  bool must_migrate = false;

  // nullptr: requests of this method are passed on.
  static const MethodRule* find(std::string_view method);
};

}  // namespace sidecar::mux
