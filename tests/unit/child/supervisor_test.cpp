// Starts, restarts and stops.
#include "child/supervisor.hpp"

#include <csignal>

#include "support/matchers.hpp"
#include "unit/child/world.hpp"

using namespace sidecar;
using namespace sidecar::test;
using child::ChildState;

TEST_CASE("supervisor: before the start nothing runs and no line is accepted") {
  World world;
  Supervised child(world);
  CHECK_FALSE(child.link.running());
  CHECK_FALSE(child.link.can_send(1));
  CHECK_FALSE(child.link.wants_more());
  CHECK_FALSE(child.send("x"));
  CHECK(child.link.status().state == ChildState::kStopped);
  CHECK(child.link.status().pid == -1);
}

TEST_CASE("supervisor: its state follows the child") {
  World world;
  Supervised child(world);
  child.start();
  CHECK(child.link.status().state == ChildState::kStarting);
  CHECK(world.metrics.child_ready.Value() == 0);
  child.link.handshake_done();
  child.link.handshake_done();
  CHECK(child.link.status().state == ChildState::kReady);
  CHECK(world.metrics.child_ready.Value() == 1);
  world.timers.advance(5s);
  CHECK(child.link.status().uptime == 5s);
  child.send("exit 4");
  child.wait_for_exit();
  CHECK(child.link.status().state == ChildState::kBackingOff);
  CHECK(child.link.status().pid == -1);
  CHECK(child.link.status().last_exit->code == 4);
  CHECK(world.metrics.child_ready.Value() == 0);
  world.timers.advance(100ms);
  CHECK(child.link.status().state == ChildState::kStarting);
  CHECK(child.link.status().restarts == 1);
  child.stop();
  CHECK(child.link.status().state == ChildState::kStopping);
  world.run_until([&] { return child.stopped; });
  CHECK(child.link.status().state == ChildState::kStopped);
}

TEST_CASE("supervisor: a useful child is restarted after 100 ms, with new line numbers") {
  World world;
  Supervised child(world);
  child.start();
  CHECK(child.send("a") == 1);
  CHECK(child.send("b") == 2);
  child.be_useful();
  child.send("exit 1");
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.failed_starts == 0);
  CHECK(exit.retry_in == 100ms);
  CHECK(exit.restarts == 0);
  CHECK_FALSE(exit.final);
  world.timers.advance(99ms);
  CHECK(child.events.started == 1);
  world.timers.advance(1ms);
  CHECK(child.events.started == 2);
  CHECK(child.send("c") == 1);
  CHECK(world.metrics.child_restarts.Value() == 1);
  CHECK(world.metrics.child_failed_starts.Value() == 0);
}

TEST_CASE("supervisor: a child that keeps failing at start is restarted with growing delays") {
  World world;
  Supervised child(world, {"--exit=1"});
  child.start();
  auto delay = 100ms;
  for (unsigned i = 1; i <= 12; ++i) {
    const child::Exit& exit = child.wait_for_exit(i);
    CHECK(exit.failed_starts == i);
    CHECK(exit.restarts == i - 1);
    CHECK(exit.retry_in == std::min<Clock::duration>(delay, 30s));
    world.timers.advance(exit.retry_in - 1ms);
    CHECK(child.events.started == i);
    world.timers.advance(1ms);
    CHECK(child.events.started == i + 1);
    delay *= 2;
  }
  child.wait_for_exit(13);
  CHECK(world.metrics.child_failed_starts.Value() == 13);
}

TEST_CASE("supervisor: a handshake that is not answered in time is a failed start") {
  World world;
  Supervised child(world, {"--no-handshake"});
  child.start();
  world.timers.advance(1h);
  child.link.handshake_sent();
  world.timers.advance(299'999ms);
  CHECK(child.link.running());
  world.timers.advance(1ms);
  CHECK_FALSE(child.link.running());
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.reason == "did not answer initialize within 5 min (MCP_HANDSHAKE_TIMEOUT)");
  CHECK(exit.by_sidecar);
  CHECK(exit.failed_starts == 1);
}

TEST_CASE("supervisor: the log says after 4 s and each minute that the handshake is not answered") {
  World world;
  Supervised child(world, {"--echo-lines"});
  child.start();
  child.link.handshake_sent();
  const auto reports = [&world] {
    std::size_t count = 0;
    const std::string text = world.logged.str();
    for (auto at = text.find("is it an MCP server on stdio?"); at != text.npos;
         at = text.find("is it an MCP server on stdio?", at + 1))
      ++count;
    return count;
  };
  world.timers.advance(3'999ms);
  CHECK(reports() == 0);
  world.timers.advance(1ms);
  CHECK(reports() == 1);
  world.timers.advance(2min);
  CHECK(reports() == 3);
  CHECK(world.has_logged("seconds=124"));
  child.link.handshake_done();
  world.timers.advance(10min);
  CHECK(reports() == 3);
}

TEST_CASE("supervisor: an answer that comes once stdin is closed is the reason, not the deadline") {
  World world;
  Supervised child(world, {"--echo-lines"});
  child.start();
  child.link.handshake_sent();
  world.timers.advance(5min);
  child.link.handshake_done();  // its owner has read the answer
  const child::Exit& exit = child.wait_for_exit();
  CHECK_THAT(exit.reason, Contains("only when its stdin was closed"));
  CHECK(exit.failed_starts == 1);
  CHECK(world.metrics.child_ready.Value() == 0);
}

TEST_CASE("supervisor: the words of a failed handshake are the line that explains it") {
  World world;
  child::SupervisorOptions options = fake_child({"--echo-lines", "--stderr=Error: of before"});
  options.masked = [](std::string text) {
    if (const auto at = text.find("secret"); at != text.npos) text.replace(at, 6, "***");
    return text;
  };
  Supervised child(world, options);
  child.start();
  world.run_until([&] { return world.has_logged("of before"); });
  child.link.handshake_failed("answered initialize with an error",
                              "no secret\n" + std::string(300, 'x'));
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.error_line.size() == 200);
  CHECK(exit.error_line.starts_with("no ***"));
  CHECK(exit.error_line.ends_with("x…"));
  CHECK(world.has_logged("answered initialize with an error: no ***"));
}

TEST_CASE("supervisor: the budget of stderr in the log is that of all processes together") {
  World world;
  child::SupervisorOptions options = fake_child({"--stderr=a line", "--exit=1"});
  options.log_bytes = 300;
  Supervised child(world, options);
  child.start();
  for (unsigned i = 1; i <= 3; ++i) world.timers.advance(child.wait_for_exit(i).retry_in);
  const child::Exit& exit = child.wait_for_exit(4);
  CHECK(exit.stderr_tail == std::vector<std::string>{"a line"});
  CHECK_FALSE(world.has_logged("left out"));
  world.timers.advance(1min);
  CHECK(world.has_logged("child output left out of the log child=child stream=stderr lines=3"));
}

TEST_CASE("supervisor: an answered handshake ends its deadline") {
  World world;
  Supervised child(world);
  child.start();
  child.link.handshake_sent();
  child.link.handshake_done();
  child.link.handshake_sent();
  world.timers.advance(1h);
  CHECK(child.link.running());
}

TEST_CASE("supervisor: a failed handshake ends the process and counts, even after an answer") {
  World world;
  Supervised child(world);
  child.start();
  child.link.note_answer();
  child.events.inside_call = true;
  child.link.handshake_failed("answered initialize with an error", "no");
  child.link.handshake_failed("second reason", "second line");
  child.events.inside_call = false;
  CHECK_FALSE(child.link.running());
  world.timers.advance(500ms);
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.reason == "answered initialize with an error");
  CHECK(exit.error_line == "no");
  CHECK(exit.failed_starts == 1);
}

TEST_CASE("supervisor: callbacks may call back into the link") {
  World world;
  Supervised child(world);
  child.events.when_started = [&] { CHECK(child.link.send("from the start") == 1); };
  child.events.when_line = [&] { child.link.handshake_failed("from a line", {}); };
  child.events.when_exit = [&] { child.link.stop([&] { child.stopped = true; }); };
  child.link.start();
  world.run_until([&] { return child.stopped; });
  CHECK(child.events.lines == std::vector<std::string>{"from the start"});
  CHECK(child.link.status().state == ChildState::kStopped);
  CHECK(world.timers.waiting() == 0);
}

TEST_CASE("supervisor: stop before the first start and during the back-off starts nothing") {
  World world;
  Supervised early(world);
  early.link.start();
  early.stop();
  CHECK_FALSE(early.stopped);
  world.run_until([&] { return early.stopped; });
  CHECK(early.events.started == 0);

  Supervised late(world, {"--exit=1"});
  late.start();
  late.wait_for_exit();
  late.stop();
  world.run_until([&] { return late.stopped; });
  world.timers.advance(1h);
  world.loop.poll();
  CHECK(late.events.started == 1);
  CHECK(late.link.status().state == ChildState::kStopped);
}

TEST_CASE("supervisor: stop twice calls back twice, in order, after one exit") {
  World world;
  Supervised child(world);
  child.start();
  std::string order;
  child.link.stop([&] { order += 'a'; });
  child.link.stop([&] { order += 'b'; });
  world.run_until([&] { return order.size() == 2; });
  CHECK(order == "ab");
  CHECK(child.events.exits.size() == 1);
  child.link.stop([&] { order += 'c'; });
  world.run_until([&] { return order.size() == 3; });
}

TEST_CASE("supervisor: kill_now ends a stopping child at once, and no other") {
  World world;
  Supervised child(world, {"--ignore-stdin-end", "--ignore-term"});
  child.start();
  child.link.kill_now();
  CHECK(child.link.running());
  child.stop();
  child.link.kill_now();
  world.run_until([&] { return child.stopped; });
  CHECK(child.events.exits.at(0).signal == SIGKILL);
}

TEST_CASE("supervisor: kill_now while the last output is read sends no signal") {
  World world;
  Supervised child(world, {"--echo-lines", "--escapee"});
  child.start();
  world.run_until([&] { return world.has_logged("grandchild "); });
  child.stop();
  world.run_until(
      [&] { return child.link.status().pid > 0 && ::kill(child.link.status().pid, 0) != 0; });
  child.link.kill_now();
  world.timers.advance(500ms);
  world.run_until([&] { return child.stopped; });
  CHECK(child.events.exits.at(0).code == 0);
  CHECK(child::kill_remaining_children(world.guard) == 1);
}

TEST_CASE("supervisor: a crash while it stops is final too") {
  World world;
  Supervised child(world);
  child.start();
  ::kill(child.link.status().pid, SIGKILL);
  child.stop();
  world.run_until([&] { return child.stopped; });
  CHECK(child.events.exits.at(0).final);
  world.timers.advance(1h);
  CHECK(child.events.started == 1);
}

TEST_CASE("supervisor: two of them do not mix their lines or their numbers") {
  World world;
  Supervised one(world);
  Supervised two(world);
  one.start();
  two.start();
  CHECK(one.ask("one") == "one");
  CHECK(two.ask("two") == "two");
  one.link.handshake_done();
  two.link.handshake_done();
  CHECK(world.metrics.child_ready.Value() == 2);
  one.stop();
  world.run_until([&] { return one.stopped; });
  CHECK(world.metrics.child_ready.Value() == 1);
  CHECK(two.ask("still here") == "still here");
}
