// WedgeWatch: finds out that a child does not answer any more. A call may take long, but a child
// that works answers a probe within Limits::probe_timeout. Owned by Multiplexer. Loop thread only.
#pragma once

#include "child/link.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

class Core;

class WedgeWatch {
 public:
  WedgeWatch(Core& core, child::ChildLink& child) : core_(core), child_(child) {}

  // A call was handed to the child. Its age is checked every Limits::wedged_after.
  void call_sent();
  void child_wrote() { wedged_ = false; }
  void child_gone();
  // The child did not answer a probe, and has written nothing since.
  bool wedged() const { return wedged_; }

 private:
  void probe();

  Core& core_;
  child::ChildLink& child_;
  Timer timer_;
  bool watching_ = false;
  bool probing_ = false;
  bool wedged_ = false;
};

}  // namespace sidecar::mux
