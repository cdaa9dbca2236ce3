// Disclosure: how much a caller is told of why the wrapped server failed, and of how busy others
// keep it. Errors of calls, /ready and /health go by it.
#pragma once

#include <cstdint>

#include "observe/caller.hpp"

namespace sidecar::observe {

enum class Disclosure : std::uint8_t {
  kState,   // that it failed, its exit code or signal, its restarts
  kLine,    // also the last line of its stderr; calls and sessions of each process
  kStderr,  // also the end of its stderr
};

// `needs_key`: callers need a key or a token.
inline Disclosure disclosure(const Caller& caller, bool needs_key) {
  if (caller.admin || (!needs_key && caller.loopback)) return Disclosure::kStderr;
  return caller.by_stored_key && !caller.restricted() ? Disclosure::kLine : Disclosure::kState;
}

}  // namespace sidecar::observe
