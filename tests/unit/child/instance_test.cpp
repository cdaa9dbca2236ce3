// Supervisor as a pool of instances uses it: started early, writable, retired.
#include <csignal>

#include "child/supervisor.hpp"
#include "unit/child/world.hpp"

using namespace sidecar;
using namespace sidecar::test;
using child::ChildState;

TEST_CASE("supervisor: without a handshake there is no deadline") {
  World world;
  Supervised child(world);
  child.link.handshake_sent();  // before any process runs
  child.start();
  CHECK(world.timers.waiting() == 0);
  world.timers.advance(24h);
  CHECK(child.ask("still here") == "still here");
}

TEST_CASE("supervisor: the deadline of a handshake ends with its process") {
  World world;
  Supervised child(world);
  child.start();
  child.link.handshake_sent();
  child.send("exit 1");
  const auto retry_in = child.wait_for_exit().retry_in;
  world.timers.advance(retry_in);
  child.wait_for_start(2);
  world.timers.advance(1h);
  CHECK(child.ask("not asked") == "not asked");
}

TEST_CASE("supervisor: a child that ends before a handshake is restarted after a delay") {
  World world;
  Supervised child(world);
  child.start();
  world.timers.advance(1h);
  child.send("exit 0");
  const child::Exit& exit = child.wait_for_exit();
  CHECK_FALSE(exit.final);
  CHECK(exit.failed_starts == 1);
  CHECK(child.link.status().state == ChildState::kBackingOff);
  world.timers.advance(exit.retry_in);
  CHECK(child.events.started == 2);
  CHECK(child.ask("warm again") == "warm again");
}

TEST_CASE("supervisor: on_child_writable is called once when the child reads again") {
  World world;
  Supervised child(world);
  child.start();
  CHECK(child.link.wants_more());
  child.freeze();
  const std::string line(9'999, 'x');
  for (int i = 0; i < 100; ++i)
    REQUIRE(child.send(line));  // accepted even when wants_more() is false
  for (int i = 0; i < 10; ++i) world.loop.poll();
  CHECK_FALSE(child.link.wants_more());
  CHECK(child.link.can_send(1));
  CHECK(child.events.writable == 0);
  bool wanted = false;
  child.events.when_writable = [&] { wanted = child.link.wants_more(); };
  ::kill(child.link.status().pid, SIGCONT);
  world.run_until([&] { return child.events.writable > 0; });
  CHECK(wanted);
  world.run_until([&] { return child.events.lines.size() == 100; });
  CHECK(child.events.writable == 1);
}

TEST_CASE("supervisor: on_child_writable is not called for a restart after a full queue") {
  World world;
  Supervised child(world);
  child.start();
  child.freeze();
  for (int i = 0; i < 100; ++i) REQUIRE(child.send(std::string(9'999, 'x')));
  ::kill(child.link.status().pid, SIGKILL);
  const auto retry_in = child.wait_for_exit().retry_in;
  CHECK_FALSE(child.link.wants_more());
  world.timers.advance(retry_in);
  child.wait_for_start(2);
  CHECK(child.link.wants_more());
  CHECK(child.ask("hello") == "hello");
  CHECK(child.events.writable == 0);
}

TEST_CASE("supervisor: a child that is being stopped wants no lines and is never writable") {
  World world;
  Supervised child(world);
  child.start();
  const pid_t pid = child.link.status().pid;
  child.freeze();
  for (int i = 0; i < 100; ++i) REQUIRE(child.send(std::string(9'999, 'x')));
  child.stop();
  CHECK_FALSE(child.link.wants_more());
  ::kill(pid, SIGCONT);
  world.run_until([&] { return child.stopped; });
  CHECK(child.events.writable == 0);
}

TEST_CASE("supervisor: a retired child goes on working, and its exit is final") {
  World world;
  Supervised child(world);
  child.start();
  child.be_useful();
  child.retire();
  CHECK(child.link.running());
  CHECK(child.link.status().state == ChildState::kReady);
  CHECK(child.ask("last wish") == "last wish");
  CHECK(child.events.exits.empty());
  child.send("exit 3");
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.final);
  CHECK(exit.code == 3);
  CHECK(exit.retry_in == 0s);
  CHECK(child.link.status().state == ChildState::kStopped);
  CHECK(world.timers.waiting() == 0);
  world.timers.advance(1h);
  world.loop.poll();
  CHECK(child.events.started == 1);
  CHECK(child.events.exits.size() == 1);
}

TEST_CASE("supervisor: a child retired during back-off or before its start stops without an exit") {
  World world;
  Supervised child(world, {"--exit=1"});
  child.start();
  CHECK_FALSE(child.wait_for_exit().final);
  child.retire();
  child.retire();
  CHECK(child.link.status().state == ChildState::kStopped);
  CHECK(world.timers.waiting() == 0);
  world.timers.advance(1h);
  world.loop.poll();
  CHECK(child.events.started == 1);
  CHECK(child.events.exits.size() == 1);

  Supervised early(world);
  early.link.start();
  early.retire();
  world.loop.poll();
  CHECK(early.events.started == 0);
  CHECK(early.link.status().state == ChildState::kStopped);
}

TEST_CASE("supervisor: retired from inside its exit, a child is not started again") {
  World world;
  Supervised child(world, {"--exit=1"});
  child.events.when_exit = [&] { child.link.retire(); };
  child.start();
  child.wait_for_exit();
  CHECK(child.link.status().state == ChildState::kStopped);
  CHECK(world.timers.waiting() == 0);
}

TEST_CASE("supervisor: a retired child that misses the handshake deadline ends for good") {
  World world;
  Supervised child(world, {"--no-handshake"});
  child.start();
  child.link.handshake_sent();
  child.retire();
  world.timers.advance(5min);
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.final);
  CHECK(exit.reason == "did not answer initialize within 5 min (MCP_HANDSHAKE_TIMEOUT)");
}

TEST_CASE("supervisor: a retired child can be stopped, while it runs and after its exit") {
  World world;
  Supervised running(world);
  running.start();
  running.retire();
  running.stop();
  CHECK(running.link.status().state == ChildState::kStopping);
  running.retire();
  CHECK(running.link.status().state == ChildState::kStopping);
  world.run_until([&] { return running.stopped; });
  CHECK(running.events.exits.at(0).final);
  CHECK(running.events.exits.size() == 1);

  Supervised ended(world);
  ended.start();
  ended.retire();
  ended.send("exit 0");
  ended.wait_for_exit();
  ended.stop();
  CHECK_FALSE(ended.stopped);
  world.run_until([&] { return ended.stopped; });
  CHECK(ended.events.exits.size() == 1);
}
