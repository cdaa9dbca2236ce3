// The parts that only know time: restart_policy, kill_ladder, exit_text.
#include <csignal>
#include <vector>

#include "child/exit_text.hpp"
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

TEST_CASE(
    "restart_policy: a child that had answered and lived a second comes back at once, every time") {
  RestartPolicy rule = policy();
  for (int i = 0; i < 10; ++i) CHECK(rule.after(kUseful) == 100ms);
  CHECK(rule.failed_starts() == 0);
}

TEST_CASE("restart_policy: consecutive useless runs double the delay up to the longest") {
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

TEST_CASE("restart_policy: jitter takes up to half of the delay away") {
  CHECK(policy(0.0).after(kUseless) == 50ms);
  CHECK(policy(0.5).after(kUseless) == 75ms);
}

TEST_CASE(
    "restart_policy: an answer within the first second does not make a run useful, nor life "
    "without an "
    "answer") {
  RestartPolicy rule = policy();
  rule.after({999ms, true, true, false});
  rule.after({29s, true, false, false});
  rule.after({1h, false, false, false});
  CHECK(rule.failed_starts() == 3);
}

TEST_CASE("restart_policy: an idle child that lived longer than the longest delay was of use") {
  RestartPolicy rule = policy();
  rule.after(kUseless);
  rule.after({30s, true, false, false});
  CHECK(rule.failed_starts() == 0);
}

TEST_CASE("restart_policy: a child that we gave up was of no use, however long it lived") {
  RestartPolicy rule = policy();
  rule.after({1h, true, true, true});
  CHECK(rule.failed_starts() == 1);
}

TEST_CASE("kill_ladder: each step comes when the one before has had its time") {
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

TEST_CASE("kill_ladder: no step after the process is gone") {
  test::ManualTimers timers;
  Steps steps;
  KillLadder ladder(timers, {1s, 2s}, [&](KillStep step) { steps.push_back(step); });
  ladder.start();
  ladder.cancel();
  timers.advance(1h);
  CHECK(steps.size() == 1);
}

TEST_CASE("kill_ladder: kill skips what is between, once") {
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

TEST_CASE("exit_text: statuses are told in words") {
  CHECK(exit_text(3 << 8) == "exited with code 3");
  CHECK(exit_text(SIGKILL) == "killed by signal 9 (SIGKILL)");
  CHECK(exit_text(SIGSEGV | 0x80) == "killed by signal 11 (SIGSEGV)");  // with a core file
  CHECK(exit_text(40) == "killed by signal 40");
  CHECK(exit_text(kStatusUnknown) == "ended in an unknown way");
}
