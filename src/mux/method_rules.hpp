// MethodRule: the methods of clients' requests that need more than being passed on, a row each.
#pragma once

#include <cstdint>
#include <string_view>

#include "mux/multiplexer.hpp"

namespace sidecar::mux {

// The feature that takes part in a method's calls.
enum class FeatureKind : std::uint8_t { kNone, kSubscriptions, kLogLevels, kTasks };

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): people read its rows
struct MethodRule {
  std::string_view method;
  FeatureKind feature = FeatureKind::kNone;
  bool repeatable = false;  // may be sent to a second child when the first died with it
  // its result may be kept: Call::subject is its key in the ListCache, or empty
  bool list = false;
  // Before the request is a call. True: it has been answered. May change its text.
  bool (Multiplexer::*ask)(Multiplexer::Asked) = nullptr;
  // Just before the child is given it, which may be long after it was asked. True: it has been
  // answered instead.
  bool (Multiplexer::*handing)(WireId, Call&) = nullptr;
  // It changes what the child does for its client from then on: when the child is replaced
  // meanwhile, it is the new one that must know of it.
  bool must_migrate = false;
  // On the child's answer, an error or a result, before it is passed on; also when nobody waits for
  // it any more.
  void (Multiplexer::*answered)(WireId, Call&, Answer&) = nullptr;

  // nullptr: the request is passed on.
  static const MethodRule* find(std::string_view method);
};

}  // namespace sidecar::mux
