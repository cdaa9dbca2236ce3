#include "child/marked_processes.hpp"

#include <csignal>
#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child/descendants.hpp"
#include "unit/child/marked_process.hpp"

using namespace sidecar;
using namespace sidecar::test;

namespace {

struct Found {
  pid_t pid;
  std::string value;
  bool operator==(const Found&) const = default;
};

std::vector<Found> found(const std::string& name) {
  std::vector<Found> all;
  CHECK(child::signal_marked(name, [&all](pid_t pid, std::string_view value) {
    all.push_back({pid, std::string(value)});
    return 0;
  }));
  return all;
}

// A child of ours with that number, which must be free; nothing without the rights.
pid_t forked_as(pid_t number) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<std::uint64_t>(&number);
  arguments.set_tid_size = 1;
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) {
    for (;;) ::pause();
  }
  return static_cast<pid_t>(pid);
}

}  // namespace

TEST_CASE("marked processes: one is found wherever the variable is in its environment") {
  const std::string name = child::make_mark_name();
  std::vector<std::vector<std::string>> environments{
      {name + "=v"},
      {"A=1", name + "=v", "B=2"},
      {"BIG=" + std::string(100'000, 'x'), name + "=v"}};
  // The file is read in pieces of 16 KB, so the variable is cut at each of its bytes.
  for (std::size_t size = (16 << 10) - name.size() - 4; size <= 16 << 10; size += 3)
    environments.push_back({std::string(size, 'x'), name + "=v"});
  for (const auto& environment : environments) {
    const MarkedProcess process(environment);
    CHECK((found(name) == std::vector<Found>{{process.pid, "v"}}));
  }
}

TEST_CASE("marked processes: others are not found") {
  const std::string name = child::make_mark_name();
  const std::vector<std::vector<std::string>> environments{{},
                                                           {"A=1"},
                                                           {name},
                                                           {name + "X=v"},
                                                           {"X" + name + "=v"},
                                                           {"A=" + name + "=v"},
                                                           {name + "=" + std::string(200, 'v')}};
  for (const auto& environment : environments) {
    const MarkedProcess process(environment);
    CHECK(found(name).empty());
  }
}

TEST_CASE("marked processes: only the chosen one gets the signal") {
  const std::string name = child::make_mark_name();
  MarkedProcess one({name + "=one"});
  MarkedProcess two({name + "=two"});
  CHECK(child::signal_marked(
      name, [](pid_t, std::string_view value) { return value == "one" ? SIGTERM : 0; }));
  CHECK(one.ended_by() == SIGTERM);
  CHECK((found(name) == std::vector<Found>{{two.pid, "two"}}));
}

TEST_CASE(
    "marked processes: a process that got the number of one that has ended is not signalled") {
  const std::string name = child::make_mark_name();
  MarkedProcess marked({name + "=v"});
  const pid_t number = marked.pid;
  pid_t other = -1;
  child::signal_marked(name, [&](pid_t, std::string_view) {
    ::kill(number, SIGKILL);
    marked.ended_by();
    other = forked_as(number);
    return SIGKILL;
  });
  if (other < 0) {
    WARN("not tested: it takes CAP_CHECKPOINT_RESTORE to choose the number of a process");
    return;
  }
  CHECK(other == number);
  ::kill(other, SIGUSR1);
  int status = 0;
  CHECK(::waitpid(other, &status, 0) == other);
  CHECK(WTERMSIG(status) == SIGUSR1);  // KILL would have been first
}

TEST_CASE("marked processes: without a descriptor the search is not complete") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const bool complete = child::signal_marked("X", [](pid_t, std::string_view) { return 0; });
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK_FALSE(complete);
}
