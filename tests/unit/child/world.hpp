// World: the fixture of the tests of src/child: a real loop, a manual clock and real processes. Its
// destructor fails the program if any process is left; as a subreaper it also finds those that left
// their group.
#pragma once

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <vector>

#include "child/descendants.hpp"
#include "child/guard.hpp"
#include "child/host.hpp"
#include "child/reaper.hpp"
#include "child/supervisor.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "support/catch.hpp"
#include "support/manual_timers.hpp"

namespace sidecar::test {

using namespace std::chrono_literals;

inline const std::string kFakeChild = SIDECAR_BINARY_DIR "/fake-child";

inline constexpr std::chrono::seconds kTermTime{2};
inline constexpr std::chrono::milliseconds kTermTimeOfGuard{100};  // of the real clock

inline child::Guard started_guard(std::string mark_name) {
  child::prepare_host_process();
  Result<child::Guard> guard = child::Guard::start(std::move(mark_name), kTermTimeOfGuard);
  if (!guard) std::abort();
  return *std::move(guard);
}

// First member of World, so that it is destroyed last.
struct NobodyLeft {
  ~NobodyLeft() {
    for (int i = 0; i < 1000; ++i) {
      const pid_t pid = ::waitpid(-1, nullptr, WNOHANG);
      if (pid < 0) return;
      if (pid == 0) std::this_thread::sleep_for(10ms);  // killed already, perhaps not dead yet
    }
    std::fputs("a process was left behind\n", stderr);
    std::abort();
  }
};

struct World {
  // An empty `mark_name`: descendants are kept.
  explicit World(std::string mark_name = child::make_mark_name())
      : guard(started_guard(std::move(mark_name))) {}

  NobodyLeft nobody_left;
  child::Guard guard;
  boost::asio::io_context loop;
  ManualTimers timers;
  std::ostringstream logged;
  observe::Log log{std::make_shared<spdlog::logger>(
                       "test", std::make_shared<spdlog::sinks::ostream_sink_st>(logged)),
                   observe::LogFormat::kText};
  observe::Metrics metrics;
  child::Reaper reaper{loop};
  child::Descendants descendants{loop, timers, log, guard.mark_name(), kTermTime};
  child::Host host{loop, timers, log, metrics, reaper, guard, descendants};

  // Runs the loop until `condition` holds. The time limit only ends a test that hangs.
  void run_until(const std::function<bool()>& condition) {
    const auto limit = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > limit) FAIL("hangs; log so far:\n" << logged.str());
      loop.run_one_for(20ms);  // some conditions are not events of the loop
    }
  }
  bool has_logged(const std::string& text) const {
    return logged.str().find(text) != std::string::npos;
  }
};

inline child::SupervisorOptions fake_child(std::vector<std::string> flags) {
  child::SupervisorOptions options;
  options.process.launch.command = {kFakeChild};
  for (std::string& flag : flags) options.process.launch.command.push_back(std::move(flag));
  options.random = [] { return 1.0; };  // the longest delay that jitter gives
  return options;
}

// Records the events of a supervisor and checks that none is reported from inside a call.
struct Recorder : child::ChildEvents {
  struct TooLong {
    std::string first, last;
    std::size_t size;
  };

  void on_child_started() override {
    note();
    ++started;
    if (when_started) when_started();
  }
  void on_child_line(std::string line) override {
    note();
    CHECK(line.capacity() - line.size() >= 64);
    lines.push_back(std::move(line));
    if (when_line) when_line();
  }
  void on_child_line_too_long(std::string first, std::string last, std::size_t size) override {
    note();
    too_long.push_back({std::move(first), std::move(last), size});
  }
  void on_child_writable() override {
    note();
    ++writable;
    if (when_writable) when_writable();
  }
  void on_child_exit(child::Exit exit) override {
    note();
    exits.push_back(exit);
    if (when_exit) when_exit();
  }
  void note() { CHECK_FALSE(inside_call); }

  unsigned started = 0;
  unsigned writable = 0;
  std::vector<std::string> lines;
  std::vector<TooLong> too_long;
  std::vector<child::Exit> exits;
  std::function<void()> when_started, when_line, when_writable, when_exit;
  bool inside_call = false;
};

// A supervised fake child.
struct Supervised {
  Supervised(World& where, child::SupervisorOptions options)
      : world(where), link(where.host, std::move(options)) {
    link.set_events(events);
  }
  explicit Supervised(World& where, std::initializer_list<std::string> flags = {"--echo-lines"})
      : Supervised(where, fake_child(std::move(flags))) {}

  void start() {
    events.inside_call = true;
    link.start();
    events.inside_call = false;
    wait_for_start(1);
  }
  void wait_for_start(unsigned count) {
    world.run_until([&] { return events.started == count; });
  }
  const child::Exit& wait_for_exit(std::size_t count = 1) {
    world.run_until([&] { return events.exits.size() >= count; });
    return events.exits[count - 1];
  }
  std::string ask(const std::string& line) {
    const std::size_t before = events.lines.size();
    REQUIRE(send(line));
    world.run_until([&] { return events.lines.size() > before; });
    return events.lines[before];
  }
  std::optional<child::LineNumber> send(std::string line) {
    events.inside_call = true;
    const auto number = link.send(std::move(line));
    events.inside_call = false;
    return number;
  }
  void retire() {
    events.inside_call = true;
    link.retire();
    events.inside_call = false;
  }
  // Stops the process as a terminal does and returns once it is stopped.
  void freeze() {
    const pid_t pid = link.status().pid;
    REQUIRE(pid > 0);  // -1 would signal every process
    ::kill(pid, SIGSTOP);
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOWAIT) == 0);
  }
  // Lets the process become ready, so that a restart does not count as a failed start.
  void be_useful() {
    link.handshake_done();
    link.note_answer();
    world.timers.advance(1s);
  }
  void stop() {
    events.inside_call = true;
    link.stop([this] { stopped = true; });
    events.inside_call = false;
  }

  World& world;
  Recorder events;
  child::Supervisor link;
  bool stopped = false;
};

}  // namespace sidecar::test
