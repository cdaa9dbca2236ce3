// One run of a real process: lines in both directions, and the ways in which it ends.
#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>

#include "unit/child/world.hpp"

using namespace sidecar;
using namespace sidecar::test;

namespace {

using Texts = std::vector<std::string>;

// A FIFO whose end of file shows that all processes that held it are gone.
struct Fifo {
  explicit Fifo() {
    std::string name = "/tmp/sidecar-fifo-XXXXXX";
    folder = ::mkdtemp(name.data());
    path = folder + "/fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    fd = UniqueFd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  ~Fifo() { std::filesystem::remove_all(folder); }
  // No process holds it. Only meaningful after held().
  bool released() const {
    char byte = 0;
    return ::read(fd.get(), &byte, 1) == 0;
  }
  bool held() const {
    char byte = 0;
    return ::read(fd.get(), &byte, 1) < 0;
  }
  std::string folder, path;
  UniqueFd fd;
};

pid_t parse_grandchild(const std::string& log) {
  const std::string mark = "grandchild ";
  return std::atoi(log.c_str() + log.find(mark) + mark.size());
}

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

}  // namespace

TEST_CASE("process: many lines and lines of megabytes come back byte for byte") {
  World world;
  Supervised child(world);
  child.start();
  Texts expected;
  for (int i = 0; i < 5'000; ++i) expected.push_back("line " + std::to_string(i));
  expected.push_back(std::string(5'000'000, 'x'));
  expected.push_back("");
  for (const std::string& line : expected) REQUIRE(child.send(line));
  world.run_until([&] { return child.events.lines.size() == expected.size(); });
  CHECK((child.events.lines == expected));
}

TEST_CASE("process: its last lines are delivered before its exit") {
  World world;
  Supervised child(world);
  child.start();
  for (int i = 0; i < 1'000; ++i) child.send("line");
  child.send("exit 7");
  std::size_t lines_at_exit = 0;
  child.events.when_exit = [&] { lines_at_exit = child.events.lines.size(); };
  const child::Exit& exit = child.wait_for_exit();
  CHECK(lines_at_exit == 1'000);
  CHECK(exit.reason == "exited with code 7");
  CHECK(exit.code == 7);
  CHECK_FALSE(exit.signal);
  CHECK(exit.unwritten.empty());
}

TEST_CASE("process: an exit by a signal is reported with the signal") {
  World world;
  Supervised child(world);
  child.start();
  child.send("die 11");
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.reason == "was killed by signal 11 (SIGSEGV)");
  CHECK(exit.signal == SIGSEGV);
  CHECK_FALSE(exit.code);
}

TEST_CASE("process: an incomplete line of a killed process is dropped and counted") {
  World world;
  Supervised child(world);
  child.start();
  child.send("whole");
  child.send("cut");
  child.wait_for_exit();
  CHECK(child.events.lines == Texts{"whole"});
  CHECK(world.metrics.dropped("cut_line").Value() == 1);
}

TEST_CASE("process: a last line without LF is delivered only if the exit code is 0") {
  World world;
  Supervised good(world, {"--echo-lines", "--tail=the end"});
  good.start();
  good.stop();
  world.run_until([&] { return good.stopped; });
  CHECK(good.events.lines == Texts{"the end"});
  Supervised bad(world, {"--echo-lines", "--tail=the end", "--exit-at-end=1"});
  bad.start();
  bad.stop();
  world.run_until([&] { return bad.stopped; });
  CHECK(bad.events.lines.empty());
}

TEST_CASE("process: its last lines on stderr are part of its exit") {
  World world;
  Supervised child(world, {"--echo-lines", "--stderr=Error: SDP_KEY is not set", "--exit=1"});
  child.start();
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.reason == "exited with code 1");
  CHECK(exit.stderr_tail == Texts{"Error: SDP_KEY is not set"});
  CHECK(exit.error_line == "Error: SDP_KEY is not set");
  CHECK_FALSE(exit.by_sidecar);
}

TEST_CASE("process: a command that cannot be started reports the reason and is tried again") {
  World world;
  child::SupervisorOptions options = fake_child({});
  options.process.launch.command = {"no-such-command", "x"};
  Supervised child(world, options);
  child.link.start();
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.reason == "cannot start: no-such-command: No such file or directory");
  CHECK(exit.failed_starts == 1);
  CHECK(exit.retry_in == 100ms);
  CHECK(child.events.started == 0);
  world.timers.advance(100ms);
  CHECK(child.wait_for_exit(2).retry_in == 200ms);
}

TEST_CASE("process: the end of stdin ends a well-behaved process") {
  World world;
  Supervised child(world);
  child.start();
  child.stop();
  CHECK_FALSE(child.link.running());
  CHECK_FALSE(child.send("too late"));
  world.run_until([&] { return child.stopped; });
  CHECK(child.events.exits.at(0).reason == "exited with code 0");
  CHECK(child.events.exits.at(0).final);
  CHECK(world.timers.waiting() == 0);
}

TEST_CASE("process: TERM follows a second after an ignored end of stdin") {
  World world;
  Supervised child(world, {"--ignore-stdin-end"});
  child.start();
  child.stop();
  world.run_until([&] { return world.has_logged("got EOF"); });
  world.timers.advance(999ms);
  CHECK(child.link.status().pid > 0);
  world.timers.advance(1ms);
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.signal == SIGTERM);
  CHECK(exit.reason == "was ended by mcp-sidecar");
  CHECK(exit.by_sidecar);
}

TEST_CASE("process: KILL follows two seconds after an ignored TERM") {
  World world;
  Supervised child(world, {"--ignore-stdin-end", "--ignore-term"});
  child.start();
  child.stop();
  world.run_until([&] { return world.has_logged("got EOF"); });
  world.timers.advance(1s);
  world.run_until([&] { return world.has_logged("got TERM"); });
  world.timers.advance(1999ms);
  CHECK(child.link.status().pid > 0);
  world.timers.advance(1ms);
  CHECK(child.wait_for_exit().signal == SIGKILL);
  CHECK(child.wait_for_exit().reason == "was ended by mcp-sidecar");
}

TEST_CASE("process: a process stopped by SIGSTOP is killed too") {
  World world;
  Supervised child(world);
  child.start();
  child.freeze();
  child.stop();
  world.timers.advance(3s);
  CHECK(child.wait_for_exit().signal == SIGKILL);
}

TEST_CASE("process: a grandchild that ignores stdin and TERM is killed when its parent exits") {
  World world;
  Fifo fifo;
  Supervised child(world, {"--echo-lines", "--grandchild=" + fifo.path});
  child.start();
  world.run_until([&] { return world.has_logged("grandchild ") && fifo.held(); });
  const pid_t grandchild = parse_grandchild(world.logged.str());
  CHECK(alive(grandchild));
  child.send("exit 0");
  child.wait_for_exit();
  world.run_until([&] { return fifo.released(); });
  world.run_until([&] { return !alive(grandchild); });  // its zombie was adopted and collected
  CHECK(world.reaper.adopted() == 1);
}

TEST_CASE("process: a queued event of a closed descriptor is not taken for its exit") {
  World world;
  Supervised child(world);
  child.start();
  child.send("exit 1");
  const auto retry_in = child.wait_for_exit().retry_in;
  world.loop.poll();

  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd write_end(ends[1]);
  using Descriptor = boost::asio::posix::stream_descriptor;
  std::array pair{std::make_unique<Descriptor>(world.loop, ends[0]),
                  std::make_unique<Descriptor>(world.loop, ::dup(ends[0]))};
  std::size_t first = pair.size();
  for (std::size_t i = 0; i < pair.size(); ++i) {
    pair[i]->async_wait(Descriptor::wait_read, [&, i](const boost::system::error_code& error) {
      if (!error) first = i;
    });
  }
  REQUIRE(::write(write_end.get(), "x", 1) == 1);
  while (first == pair.size()) world.loop.run_one();
  // The event of the other one is still queued, and the next descriptor reuses its slot in Asio.
  pair[1 - first].reset();
  world.timers.advance(retry_in);
  child.wait_for_start(2);
  CHECK(child.ask("not dead") == "not dead");
  CHECK(child.events.exits.size() == 1);
}

TEST_CASE(
    "process: if a descendant outside the group holds the pipes, the exit follows the grace") {
  World world;
  Fifo fifo;
  Supervised child(world, {"--echo-lines", "--escapee=" + fifo.path});
  child.start();
  world.run_until([&] { return world.has_logged("grandchild ") && fifo.held(); });
  const pid_t escapee = parse_grandchild(world.logged.str());
  child.send("last line");
  child.send("exit 5");
  world.run_until([&] { return world.timers.waiting() >= 1 && child.events.lines.size() == 1; });
  CHECK(child.events.exits.empty());  // the grace is running
  world.timers.advance(500ms);
  CHECK(child.wait_for_exit().code == 5);
  CHECK(alive(escapee));
  CHECK(child::kill_remaining_children(world.guard) == 1);
  CHECK(fifo.released());
  CHECK(child::kill_remaining_children(world.guard) == 0);
}

TEST_CASE("process: a process that closes its stdout and does not exit is ended with that reason") {
  World world;
  Supervised child(world, {"--echo-lines", "--close-stdout", "--ignore-stdin-end"});
  child.start();
  child.send("x");
  world.run_until([&] { return !child.link.running(); });
  world.timers.advance(1s);
  CHECK(child.wait_for_exit().reason == "closed its stdout and did not exit");
}

TEST_CASE("process: a process that closes its stdin is ended at the first line for it") {
  World world;
  Supervised child(world, {"--close-stdin"});
  child.start();
  world.run_until([&] { return child.events.lines == Texts{"stdin closed"}; });
  CHECK(child.send("x"));
  world.run_until([&] { return !child.link.running(); });
  world.timers.advance(1s);
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.reason == "closed its stdin and did not exit");
  REQUIRE(exit.unwritten.size() == 1);
  CHECK(exit.unwritten[0].number == 1);
  CHECK(exit.unwritten[0].line == "x");
}

TEST_CASE("process: the exit returns the lines that a stalled process has not read") {
  World world;
  child::SupervisorOptions options = fake_child({"--echo-lines", "--stop-reading"});
  options.process.stdin_queue_bytes = 1'000'000;
  Supervised child(world, options);
  child.start();
  child.ask("hello");
  child.send("stop-reading");
  world.run_until([&] { return world.metrics.child_stdin_queue_bytes.Value() == 0; });
  unsigned taken = 0;
  while (child.send(std::string(9'999, 'x'))) ++taken;
  CHECK(taken == 100);
  CHECK_FALSE(child.link.can_send(9'999));
  world.loop.poll();
  ::kill(child.link.status().pid, SIGKILL);
  const child::Exit& exit = child.wait_for_exit();
  REQUIRE(exit.unwritten.size() <= taken);
  REQUIRE(exit.unwritten.size() > taken - 20);  // a pipe holds 64 KB
  CHECK(exit.unwritten.back().number == taken + 2);
  for (const child::Unwritten& unwritten : exit.unwritten)
    CHECK(unwritten.line == std::string(9'999, 'x'));
  CHECK(world.metrics.child_stdin_queue_bytes.Value() == 0);
}

TEST_CASE("process: a line beyond the limit is reported and the next one is delivered") {
  World world;
  child::SupervisorOptions options = fake_child({"--echo-lines"});
  options.process.max_line_bytes = 100'000;
  Supervised child(world, options);
  child.start();
  const std::string line = "first" + std::string(1'000'000, '.') + "last";
  child.send(line);
  CHECK(child.ask("next") == "next");
  REQUIRE(child.events.too_long.size() == 1);
  CHECK(child.events.too_long[0].size == line.size());
  CHECK(child.events.too_long[0].first == line.substr(0, 4096));
  CHECK(child.events.too_long[0].last == line.substr(line.size() - 4096));
}

TEST_CASE("process: a line beyond the limit that does not end in time ends the process") {
  World world;
  child::SupervisorOptions options =
      fake_child({"--tail=" + std::string(1'000, 'x'), "--ignore-stdin-end"});
  options.process.launch.command = {"/bin/sh", "-c", "printf %0200000d 0; exec sleep 1000"};
  options.process.max_line_bytes = 1'000;
  Supervised child(world, options);
  child.start();
  world.run_until([&] { return world.timers.waiting() == 1; });  // the line's
  world.timers.advance(59'999ms);
  CHECK(child.link.running());
  world.timers.advance(1ms);
  CHECK_FALSE(child.link.running());
  world.timers.advance(1s);
  CHECK(child.wait_for_exit().reason == "did not finish an oversized line in time");
}

TEST_CASE("process: a line beyond max_unfinished_bytes ends the process at once") {
  World world;
  child::SupervisorOptions options = fake_child({});
  options.process.launch.command = {"/bin/sh", "-c", "exec cat /dev/zero"};
  options.process.max_line_bytes = 1'000;
  options.process.max_unfinished_bytes = 10'000'000;
  Supervised child(world, options);
  child.start();
  world.run_until([&] { return !child.link.running(); });
  world.timers.advance(1s);
  const child::Exit& exit = child.wait_for_exit();
  CHECK(exit.reason.starts_with("wrote 100"));
  CHECK(exit.reason.ends_with(" bytes without a line feed"));
}

TEST_CASE("process: a flood on stderr does not delay answers") {
  World world;
  child::SupervisorOptions options = fake_child({});
  options.process.launch.command = {"/bin/sh", "-c", "yes 'a line of noise' >&2 & exec cat"};
  Supervised child(world, options);
  child.start();
  world.run_until([&] { return world.has_logged("noise"); });
  for (int i = 0; i < 100; ++i) CHECK(child.ask("question") == "question");
  child.link.stop([] {});
  CHECK(child.wait_for_exit().stderr_tail.size() == 64);
}

TEST_CASE("process: the destructor of the supervisor kills the process and its group") {
  World world;
  Fifo fifo;
  {
    Supervised child(world, {"--ignore-term", "--grandchild=" + fifo.path});
    child.start();
    world.run_until([&] { return world.has_logged("grandchild ") && fifo.held(); });
  }
  world.run_until([&] { return fifo.released(); });
}

TEST_CASE("exit_text: each kind of status has its text") {
  CHECK(child::exit_text(3 << 8) == "exited with code 3");
  CHECK(child::exit_text(SIGKILL) == "was killed by signal 9 (SIGKILL)");
  CHECK(child::exit_text(SIGSEGV | 0x80) ==
        "was killed by signal 11 (SIGSEGV)");  // with a core file
  CHECK(child::exit_text(40) == "was killed by signal 40");
  CHECK(child::exit_text(child::kStatusUnknown) == "ended with unknown status");
}
