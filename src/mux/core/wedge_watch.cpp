#include "mux/core/wedge_watch.hpp"

#include "mux/core/core.hpp"

namespace sidecar::mux {

void WedgeWatch::call_sent() {
  if (watching_) return;
  watching_ = true;
  timer_ = core_.timers().after(core_.limits().wedged_after, [this] {
    watching_ = false;
    const auto oldest = core_.calls().oldest_sent();
    if (!oldest) return;
    if (core_.timers().now() - *oldest >= core_.limits().wedged_after) probe();
    call_sent();
  });
}

void WedgeWatch::child_gone() {
  wedged_ = false;
  probing_ = false;
}

void WedgeWatch::probe() {
  if (probing_ || wedged_ || !core_.takes_calls()) return;
  probing_ = true;
  core_.ask_child(
      core_.era().probe(), {},
      [this](const Answer& answer) {
        probing_ = false;
        if (answer.outcome != Outcome::kTimeout) return;
        wedged_ = true;
        core_.metrics().child_wedged.Increment();
        core_.log().error("child does not answer", {{"calls", core_.calls().live()}});
        if (core_.limits().restart_wedged)
          child_.handshake_failed("did not answer, not even a ping", {});
      },
      core_.limits().probe_timeout);
}

}  // namespace sidecar::mux
