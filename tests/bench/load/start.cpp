// Start: the time from the start of a program until its port listens, and until its first call is
// answered. Starts the program several times and ends it with TERM.
#include <csignal>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <thread>

#include "bench/load/modes.hpp"
#include "bench/load/spawn.hpp"
#include "bench/net/stream.hpp"

namespace sidecar::bench {
namespace {

constexpr auto kMaxLength = std::chrono::seconds(60);

class Program {
 public:
  explicit Program(const std::vector<std::string>& command) : pid_(spawn_apart(command)) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ < 0) return;
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  bool ended() {
    if (waitpid(pid_, nullptr, WNOHANG) != pid_) return false;
    pid_ = -1;
    return true;
  }

 private:
  pid_t pid_;
};

// Polls every 0.1 ms, which is the resolution of the result.
void wait_until_listening(Program& program, std::uint16_t port) {
  for (const auto end = Clock::now() + kMaxLength; Clock::now() < end;) {
    try {
      connect_to(port);
      return;
    } catch (const std::system_error&) {
      if (program.ended()) throw std::runtime_error("the program ended before it listened");
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  throw std::runtime_error("the program does not listen");
}

void call_once(const Options& options) {
  Loop loop;
  std::uint64_t ids = 0;
  ClosedLoop load(loop, {.calls = 1, .stall = seconds(options.stall)}, Work({}), ids,
                  [&](std::size_t index, ClientOwner& owner) {
                    return make_client(options.target, loop, index, owner);
                  });
  load.open([&] { load.start(); }, [&] { loop.stop(); });
  loop.run();
  if (load.failed())
    throw std::runtime_error("the first call: " + load.json()["firstError"].dump());
}

}  // namespace

int run_start(const Options& options) {
  Figures listening;
  Figures answered;
  const auto began = Clock::now();
  for (std::size_t round = 0; round < options.rounds; ++round) {
    const auto started = Clock::now();
    Program program(options.command);
    wait_until_listening(program, options.target.port);
    listening.add(Clock::now() - started);
    call_once(options);
    answered.add(Clock::now() - started);
  }
  print(options, {{"rounds", options.rounds},
                  {"seconds", std::chrono::duration<double>(Clock::now() - began).count()},
                  {"listeningMs", listening.median() / 1000},
                  {"answeredMs", answered.median() / 1000},
                  {"errors", 0}});
  return 0;
}

}  // namespace sidecar::bench
