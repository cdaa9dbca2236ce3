// Clean-up of processes: guard, reaper and kill_remaining_children().
#include "child/guard.hpp"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include "unit/child/marked_process.hpp"
#include "unit/child/world.hpp"

using namespace sidecar;
using namespace sidecar::test;

namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Whether `process` has ended; it may be a zombie that this program cannot collect.
bool gone(pid_t process) {
  const std::string stat = first_line("/proc/" + std::to_string(process) + "/stat");
  return stat.empty() || stat.find(") Z ") != std::string::npos;
}

void wait_until(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000 && !condition(); ++i) std::this_thread::sleep_for(10ms);
  REQUIRE(condition());
}

}  // namespace

TEST_CASE("guard: it holds its pipe and no other descriptor of the sidecar") {
  World world;
  const std::string base = "/proc/" + std::to_string(world.guard.pid());
  // Before it reads its pipe, the guard closes all other descriptors.
  const auto descriptors = [&] {
    std::vector<std::string> list;
    for (const auto& entry : std::filesystem::directory_iterator(base + "/fd"))
      list.push_back(entry.path().filename());
    std::sort(list.begin(), list.end());
    return list;
  };
  wait_until([&] { return descriptors() == std::vector<std::string>{"0", "1", "2"}; });
  CHECK(std::filesystem::read_symlink(base + "/fd/0").string().starts_with("pipe:"));
  CHECK(std::filesystem::read_symlink(base + "/fd/1") == "/dev/null");
  CHECK(std::filesystem::read_symlink(base + "/fd/2") == "/dev/null");
  CHECK(first_line(base + "/comm") == "sidecar-guard");
  CHECK(::getsid(world.guard.pid()) == world.guard.pid());
}

TEST_CASE("guard: TERM, INT and HUP do not end it") {
  World world;
  wait_until([&] {
    return first_line("/proc/" + std::to_string(world.guard.pid()) + "/comm") == "sidecar-guard";
  });
  Supervised child(world);
  child.start();
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::kill(world.guard.pid(), number);
  CHECK(world.guard.add(999'999'999));
  CHECK(world.guard.remove(999'999'999));
  CHECK_FALSE(gone(world.guard.pid()));
}

TEST_CASE("guard: when the sidecar ends, it kills registered groups and no removed ones") {
  World world;
  const auto sleeper = [] {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::setpgid(0, 0);
      for (;;) ::pause();
    }
    ::setpgid(pid, pid);
    return pid;
  };
  const pid_t kept = sleeper();
  const pid_t taken_back = sleeper();
  {
    Result<child::Guard> guard = child::Guard::start();
    guard->add(kept);
    guard->add(taken_back);
    guard->remove(taken_back);
  }
  int status = 0;
  CHECK(::waitpid(kept, &status, 0) == kept);
  CHECK(WTERMSIG(status) == SIGKILL);
  CHECK(::waitpid(taken_back, &status, WNOHANG) == 0);
  ::kill(taken_back, SIGKILL);
  ::waitpid(taken_back, &status, 0);
}

TEST_CASE("kill_remaining_children: a child from before the start is left") {
  World world;
  const MarkedProcess inherited({});
  const std::vector<pid_t> before = child::direct_children();
  CHECK(std::count(before.begin(), before.end(), inherited.pid) == 1);
  CHECK(std::count(before.begin(), before.end(), world.guard.pid()) == 1);
  MarkedProcess started({});
  CHECK(child::kill_remaining_children(world.guard, before) == 1);
  CHECK(gone(started.pid));
  started.pid = -1;
  CHECK_FALSE(gone(inherited.pid));
}

TEST_CASE("guard: when the sidecar ends in order, marked processes are left to it") {
  World world;
  const std::string name = child::make_mark_name();
  Result<child::Guard> guard = child::Guard::start(name, 0ms);
  MarkedProcess process({name + "=x"});
  { const child::Guard ending = *std::move(guard); }
  CHECK_FALSE(gone(process.pid));
}

TEST_CASE("guard: children run without it, with a warning") {
  World world;
  ::kill(world.guard.pid(), SIGKILL);
  wait_until([&] { return !world.guard.add(1'000'000'000); });
  Supervised child(world);
  child.start();
  CHECK(world.has_logged("guard is gone"));
  CHECK(child.ask("hello") == "hello");
}

TEST_CASE(
    "guard: when the sidecar is killed, a grandchild that ignores stdin and TERM dies too, in any "
    "session") {
  const std::string kind = GENERATE("--grandchild=", "--escapee=");
  World world;
  std::string name = "/tmp/sidecar-fifo-XXXXXX";
  const std::string folder = ::mkdtemp(name.data());
  const std::string fifo = folder + "/fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const UniqueFd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const auto read = [&] {
    char byte = 0;
    return ::read(reader.get(), &byte, 1);
  };

  const pid_t sidecar = ::fork();
  if (sidecar == 0) {  // a second sidecar with its own guard, supervisor and loop
    World inner;
    Supervised child(inner, {"--ignore-stdin-end", "--ignore-term", kind + fifo});
    child.start();
    for (;;) inner.loop.run_one();
  }
  wait_until([&] { return read() < 0; });  // held
  ::kill(sidecar, SIGKILL);
  ::waitpid(sidecar, nullptr, 0);
  wait_until([&] { return read() == 0; });  // neither child nor grandchild holds it
  std::filesystem::remove_all(folder);
}

TEST_CASE("reaper: an orphan is collected, and an owned child is left to its owner") {
  World world;
  Supervised child(world);
  child.start();
  // A process whose child outlives it, so that the orphan is adopted.
  const pid_t parent = ::fork();
  if (parent == 0) {
    if (::fork() == 0) ::_exit(0);
    ::_exit(0);
  }
  world.run_until([&] { return world.reaper.adopted() == 2; });  // neither is owned
  child.send("exit 9");
  CHECK(child.wait_for_exit().code == 9);
  CHECK(world.reaper.adopted() == 2);
}

TEST_CASE("reaper: a zombie hidden by an owned one is collected after that") {
  World world;
  const auto dying = [] {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
    return pid;
  };
  const pid_t ours = dying();
  world.reaper.own(ours);
  dying();
  world.loop.poll();  // at SIGCHLD it sees the owned zombie, and perhaps no other
  CHECK(::waitpid(ours, nullptr, 0) == ours);
  world.reaper.disown(ours);
  CHECK(world.reaper.adopted() == 1);
}
