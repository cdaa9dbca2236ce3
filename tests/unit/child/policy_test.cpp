// The parts that depend on time only: restart_policy, kill_ladder.
#include <vector>

#include "child/kill_ladder.hpp"
#include "child/restart_policy.hpp"
#include "support/catch.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;
using namespace sidecar::child;
using namespace std::chrono_literals;

namespace {

const Run kUseful{2s, true, true, false};
const Run kUseless{2s, true, false, false};

RestartPolicy policy(double jitter = 1.0) {
  return RestartPolicy({100ms, 30s}, [jitter] { return jitter; });
}

using Steps = std::vector<KillStep>;

}  // namespace

TEST_CASE("restart_policy: after each useful run the delay is the first one") {
  RestartPolicy rule = policy();
  for (int i = 0; i < 10; ++i) CHECK(rule.after(kUseful) == 100ms);
  CHECK(rule.failed_starts() == 0);
}

TEST_CASE("restart_policy: each consecutive useless run doubles the delay up to the longest") {
  RestartPolicy rule = policy();
  CHECK(rule.after(kUseless) == 100ms);
  CHECK(rule.after(kUseless) == 200ms);
  CHECK(rule.after(kUseless) == 400ms);
  for (int i = 0; i < 100; ++i) CHECK(rule.after(kUseless) <= 30s);
  CHECK(rule.after(kUseless) == 30s);
  CHECK(rule.failed_starts() == 104);
  CHECK(rule.after(kUseful) == 100ms);
  CHECK(rule.failed_starts() == 0);
  CHECK(rule.after(kUseless) == 100ms);
}

TEST_CASE("restart_policy: jitter reduces the delay by up to half") {
  CHECK(policy(0.0).after(kUseless) == 50ms);
  CHECK(policy(0.5).after(kUseless) == 75ms);
}

TEST_CASE("restart_policy: a run needs both an answer and a second of life to be useful") {
  RestartPolicy rule = policy();
  rule.after({999ms, true, true, false});
  rule.after({29s, true, false, false});
  rule.after({1h, false, false, false});
  CHECK(rule.failed_starts() == 3);
}

TEST_CASE("restart_policy: an idle run as long as the longest delay is useful") {
  RestartPolicy rule = policy();
  rule.after(kUseless);
  rule.after({30s, true, false, false});
  CHECK(rule.failed_starts() == 0);
}

TEST_CASE("restart_policy: a run that was given up is useless, however long it lasted") {
  RestartPolicy rule = policy();
  rule.after({1h, true, true, true});
  CHECK(rule.failed_starts() == 1);
}

TEST_CASE("kill_ladder: each step follows the time of the one before") {
  test::ManualTimers timers;
  Steps steps;
  KillLadder ladder(timers, {1s, 2s}, [&](KillStep step) { steps.push_back(step); });
  CHECK_FALSE(ladder.started());
  ladder.start();
  ladder.start();
  CHECK(steps == Steps{KillStep::kCloseStdin});
  timers.advance(999ms);
  CHECK(steps.size() == 1);
  timers.advance(1ms);
  CHECK(steps == Steps{KillStep::kCloseStdin, KillStep::kTerminate});
  timers.advance(2s);
  CHECK(steps == Steps{KillStep::kCloseStdin, KillStep::kTerminate, KillStep::kKill});
  timers.advance(1h);
  CHECK(steps.size() == 3);
}

TEST_CASE("kill_ladder: no step follows cancel()") {
  test::ManualTimers timers;
  Steps steps;
  KillLadder ladder(timers, {1s, 2s}, [&](KillStep step) { steps.push_back(step); });
  ladder.start();
  ladder.cancel();
  timers.advance(1h);
  CHECK(steps.size() == 1);
}

TEST_CASE("kill_ladder: kill() skips the steps between, once") {
  test::ManualTimers timers;
  Steps steps;
  KillLadder ladder(timers, {1s, 2s}, [&](KillStep step) { steps.push_back(step); });
  ladder.start();
  ladder.kill();
  ladder.kill();
  ladder.start();
  timers.advance(1h);
  CHECK(steps == Steps{KillStep::kCloseStdin, KillStep::kKill});
}
