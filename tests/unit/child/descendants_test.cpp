// Processes that a child leaves outside its process group.
#include "child/descendants.hpp"

#include <csignal>
#include <sys/resource.h>

#include "unit/child/marked_process.hpp"
#include "unit/child/world.hpp"

using namespace sidecar;
using namespace sidecar::test;

namespace {

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

// The helpers that the child started last has left; see tests/support/fake_child/process.hpp.
std::vector<pid_t> helpers(const World& world) {
  std::vector<pid_t> pids;
  const std::string log = world.logged.str();
  for (const std::string kind : {"own-group ", "own-session ", "double-fork "}) {
    const std::size_t at = log.rfind("helper " + kind);
    if (at != std::string::npos) pids.push_back(std::atoi(log.c_str() + at + 7 + kind.size()));
  }
  return pids;
}

// Those of a child that is started now, after the helpers `before`.
std::vector<pid_t> next_helpers(World& world, const std::vector<pid_t>& before) {
  std::vector<pid_t> now;
  world.run_until([&] {
    now = helpers(world);
    if (now.size() < 3) return false;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (now[i] == before[i]) return false;
    }
    return true;
  });
  return now;
}

std::vector<pid_t> start(Supervised& child) {
  const std::vector<pid_t> before = helpers(child.world);
  child.start();
  return next_helpers(child.world, before);
}

void wait_for_end(World& world, const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) world.run_until([&] { return !alive(pid); });
}

}  // namespace

TEST_CASE(
    "descendants: what left the group ends by TERM when the child exits, crashes or is ended") {
  const std::string how = GENERATE("exit 0", "die 11", "");
  World world;
  Supervised child(world, {"--echo-lines", "--helpers"});
  const std::vector<pid_t> left = start(child);
  for (const pid_t pid : left) CHECK(alive(pid));
  if (how.empty())
    child.stop();
  else
    child.send(how);
  child.wait_for_exit();
  wait_for_end(world, left);
  world.run_until([&] {
    world.timers.advance(50ms);  // to the pass that finds none of them
    return world.has_logged("processes that the child had left were ended");
  });
  CHECK(world.has_logged("processes=3 killed=false"));
}

TEST_CASE("descendants: what ignores TERM is killed after the grace") {
  World world;
  Supervised child(world, {"--echo-lines", "--escapee"});
  child.start();
  world.run_until([&] { return world.has_logged("grandchild "); });
  const auto number_after = [log = world.logged.str()](std::string_view words) {
    return std::atoi(log.c_str() + log.find(words) + words.size());
  };
  const pid_t process = number_after("pid="), escapee = number_after("grandchild ");
  bool done = false;
  child.stop();                                      // it is not started again
  world.run_until([&] { return !alive(process); });  // it is collected
  world.descendants.when_done([&done] { done = true; });
  world.timers.advance(kTermTime - 1ms);
  for (int i = 0; i < 10; ++i) world.loop.run_one_for(5ms);
  CHECK(alive(escapee));
  CHECK_FALSE(done);
  world.run_until([&] {
    world.timers.advance(50ms);
    return done;
  });
  world.run_until([&] { return !alive(escapee); });
  CHECK(world.has_logged("processes=1 killed=true"));
}

TEST_CASE("descendants: the end of one child leaves those of another one alone") {
  World world;
  Supervised one(world, {"--echo-lines", "--helpers"});
  Supervised two(world, {"--echo-lines", "--helpers"});
  const std::vector<pid_t> of_one = start(one);
  const std::vector<pid_t> of_two = start(two);
  one.stop();
  wait_for_end(world, of_one);
  for (const pid_t pid : of_two) CHECK(alive(pid));
  two.stop();
  wait_for_end(world, of_two);
}

TEST_CASE("descendants: a restarted child's are those of its new process only") {
  World world;
  Supervised child(world, {"--echo-lines", "--helpers"});
  const std::vector<pid_t> before = start(child);
  child.send("exit 1");
  const auto retry_in = child.wait_for_exit().retry_in;
  world.timers.advance(retry_in);
  child.wait_for_start(2);
  const std::vector<pid_t> after = next_helpers(world, before);
  wait_for_end(world, before);
  for (const pid_t pid : after) CHECK(alive(pid));
  child.stop();
  wait_for_end(world, after);
}

TEST_CASE("descendants: when they are kept, they are neither marked nor ended") {
  World world("");
  Supervised child(world, {"--echo-lines", "--helpers"});
  const std::vector<pid_t> left = start(child);
  CHECK(child.ask("env").find("MCP_SIDECAR_MARK_") == std::string::npos);
  child.stop();
  world.run_until([&] { return child.stopped; });
  bool done = false;
  world.descendants.when_done([&done] { done = true; });
  world.run_until([&] { return done; });
  for (const pid_t pid : left) CHECK(alive(pid));
  CHECK(child::kill_remaining_children(world.guard) == 3);
}

TEST_CASE("descendants: the mark has a name of the sidecar and a value of the process") {
  World world;
  Supervised one(world);
  Supervised two(world);
  one.start();
  two.start();
  const auto value = [&](Supervised& child) {
    const std::string environment = child.ask("env");
    const std::string name = world.guard.mark_name() + "=";
    const std::size_t at = environment.find(name);
    REQUIRE(at != std::string::npos);
    return environment.substr(at + name.size(), 16);
  };
  CHECK(value(one) != value(two));
  CHECK(world.guard.mark_name() != child::make_mark_name());
}

TEST_CASE("descendants: beyond the limit those of further children are left, with a warning") {
  World world;
  const std::string value = world.descendants.new_value();
  MarkedProcess process({world.descendants.variable(value)});
  for (std::size_t i = 0; i < child::Descendants::kMaxSearches; ++i)
    world.descendants.end("child", world.descendants.new_value(), 0);
  CHECK_FALSE(world.has_logged("too many"));
  world.descendants.end("child", value, 0);
  CHECK(world.has_logged("too many children ended at once"));
  bool done = false;
  world.descendants.when_done([&done] { done = true; });
  world.run_until([&] { return done; });
  CHECK(alive(process.pid));
}

TEST_CASE("descendants: without a descriptor the search is repeated") {
  World world;
  const std::string value = world.descendants.new_value();
  MarkedProcess process({world.descendants.variable(value)});
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  world.descendants.end("child", value, 0);
  world.run_until([&] { return world.timers.waiting() > 0; });
  ::setrlimit(RLIMIT_NOFILE, &before);
  world.timers.advance(100ms);
  CHECK(process.ended_by() == SIGTERM);
  world.run_until([&] {
    world.timers.advance(50ms);
    return world.has_logged("were ended");
  });
}
