// What a new process inherits from the sidecar, and that its start changes nothing of the sidecar.
#include "child/spawn.hpp"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>

#include "support/temporary_folder.hpp"
#include "unit/child/world.hpp"

using namespace sidecar;
using namespace sidecar::test;

namespace {

// The state that a new process changes for itself, and that must stay the same here.
struct Ours {
  Ours() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
      descriptors.push_back(entry.path().filename().string());
    std::sort(descriptors.begin(), descriptors.end());
    sigset_t mask;
    ::sigprocmask(SIG_SETMASK, nullptr, &mask);
    for (int number = 1; number < NSIG; ++number) {
      struct sigaction action {};
      ::sigaction(number, nullptr, &action);
      handlers.push_back(action.sa_handler);
      blocked.push_back(::sigismember(&mask, number));
    }
  }
  bool operator==(const Ours&) const = default;

  std::vector<std::string> descriptors;
  std::vector<void (*)(int)> handlers;
  std::vector<int> blocked;
  std::filesystem::path directory = std::filesystem::current_path();
  pid_t group = ::getpgrp();
};

}  // namespace

TEST_CASE("spawn: the process has three descriptors, whatever the sidecar has open") {
  World world;
  // Not close-on-exec; below and above the numbers that spawning itself uses.
  const UniqueFd low(::open("/dev/null", O_RDONLY));
  const UniqueFd high(::fcntl(low.get(), F_DUPFD, 500));
  Supervised child(world);
  child.start();
  CHECK(child.ask("fds") == "0 1 2");
}

TEST_CASE("spawn: the process ignores and blocks no signal, and dies with the sidecar") {
  World world;
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  ::signal(SIGUSR2, SIG_IGN);  // and SIGPIPE is ignored already
  Supervised child(world);
  child.start();
  ::signal(SIGUSR2, SIG_DFL);
  ::sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  CHECK(child.ask("signals") == "0000000000000000 0000000000000000 9");
}

TEST_CASE("spawn: the process leads its own process group") {
  World world;
  Supervised child(world);
  child.start();
  const pid_t pid = child.link.status().pid;
  CHECK(::getpgid(pid) == pid);
}

TEST_CASE("spawn: the process gets exactly the given environment and directory") {
  World world("");
  child::SupervisorOptions options = fake_child({"--echo-lines"});
  options.process.launch.environment = {"ONE=1", "EMPTY=", "ODD=a=b c"};
  options.process.launch.working_directory = "/usr/share";
  Supervised child(world, options);
  child.start();
  CHECK(child.ask("env") == "ONE=1,EMPTY=,ODD=a=b c");
  CHECK(child.ask("cwd") == "/usr/share");
}

TEST_CASE("spawn: the limit of open files is the given one, or else that of the sidecar") {
  const auto limit_of = [](std::uint64_t told) {
    World world;
    child::SupervisorOptions options = fake_child({"--echo-lines"});
    options.process.launch.descriptor_limit = told;
    Supervised child(world, options);
    child.start();
    std::ifstream limits("/proc/" + std::to_string(child.link.status().pid) + "/limits");
    std::string word;
    while (limits >> word && word != "files") {
    }
    std::uint64_t soft = 0;
    limits >> soft;
    return soft;
  };
  rlimit ours{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &ours) == 0);
  CHECK(limit_of(0) == ours.rlim_cur);
  CHECK(limit_of(200) == 200);
  rlimit after{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &after) == 0);
  CHECK(after.rlim_cur == ours.rlim_cur);
}

TEST_CASE("spawn: nothing of the sidecar changes, whether the command can be started or not") {
  World world;
  const TemporaryFolder folder;
  const std::string script = folder.write("script", "no interpreter line\n");
  ::chmod(script.c_str(), 0755);
  const Ours before;
  for (const char* directory : {"/usr/share", "/no/such/folder"}) {
    for (const std::string& program : {kFakeChild, script}) {
      const bool works = program == kFakeChild && std::string(directory) == "/usr/share";
      CAPTURE(program, directory);
      const Result<child::Spawned> spawned =
          child::spawn({{program, "--exit=7"}, {"ONE=1"}, directory}, world.guard);
      REQUIRE(spawned.has_value() == works);
      if (!works) continue;
      int status = 0;
      CHECK(::waitpid(spawned->pid, &status, 0) == spawned->pid);
      CHECK(WEXITSTATUS(status) == 7);
      world.guard.remove(spawned->pid);
    }
  }
  CHECK(Ours() == before);
}

TEST_CASE("spawn: an error of exec is reported and leaves no zombie") {
  World world;
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "not-a-program").string();
  const UniqueFd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
  REQUIRE(::write(file.get(), "junk\n", 5) == 5);
  ::fchmod(file.get(), 0755);
  const child::Launch launch{{path}, {}, {}};
  const Result<child::Spawned> busy = child::spawn(launch, world.guard);
  CHECK(busy.error().message == "cannot start: " + path + ": Text file busy");
  CHECK(::waitpid(-1, nullptr, WNOHANG) == 0);  // only the guard
}

TEST_CASE("spawn: a script without an interpreter line is refused with the reason") {
  World world;
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "script").string();
  {
    const UniqueFd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
    REQUIRE(::write(file.get(), "echo hello\n", 11) == 11);
  }
  const Result<child::Spawned> spawned = child::spawn({{path}, {}, {}}, world.guard);
  CHECK(spawned.error().message == "cannot start: " + path + ": Exec format error");
}
