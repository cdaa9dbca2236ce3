// Caller: on whose behalf a request runs, as far as the gate could tell. What sessions are owned by, and what
// log lines, metrics and limits are about. Never holds a secret.
#pragma once

#include <string>

namespace sidecar::observe {

struct Caller {
  std::string owner;      // the key's name; empty when no keys are configured
  std::string address;    // effective client address (behind a trusted proxy: the forwarded one), text form
  bool has_key = false;   // a valid key was shown
  bool loopback = false;  // the effective address is a loopback one
};

}  // namespace sidecar::observe
