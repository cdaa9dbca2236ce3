// bench_start_up: how long a program takes until its port listens, and until the first call is answered.
//   bench_start_up PORT ROUNDS PROGRAM [ARGUMENT…]
// The program is started ROUNDS times, ended by TERM each time; it has to listen on 127.0.0.1:PORT and to
// wrap the demo server. Prints medians.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "bench/clients.hpp"

namespace {

using namespace sidecar::bench;
using Clock = std::chrono::steady_clock;

constexpr auto kLongest = std::chrono::seconds(30);

// Waits for the port by trying: a tenth of a millisecond is the grain of what is measured.
void wait_until_listening(asio::io_context& loop, tcp::endpoint server) {
  for (const auto end = Clock::now() + kLongest; Clock::now() < end;) {
    tcp::socket socket(loop);
    boost::system::error_code error;
    socket.connect(server, error);
    if (!error) return;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  throw std::runtime_error("it does not listen");
}

void call_once(asio::io_context& loop, tcp::endpoint server) {
  std::exception_ptr failure;
  const auto call = [&]() -> Task<> {
    RestClient client = co_await RestClient::open(server);
    co_await client.echo("first");
  };
  asio::co_spawn(loop, call(), [&](std::exception_ptr error) { failure = error; });
  loop.run();
  if (failure) std::rethrow_exception(failure);
}

struct Round {
  double listening;  // milliseconds since the start
  double answered;
};

Round run_round(tcp::endpoint server, char** command) {
  asio::io_context loop(1);
  const auto began = Clock::now();
  const auto since = [&] { return std::chrono::duration<double, std::milli>(Clock::now() - began).count(); };
  pid_t pid = 0;
  if (posix_spawn(&pid, command[0], nullptr, nullptr, command, environ) != 0)
    throw std::runtime_error("it does not start");
  Round round{};
  try {
    wait_until_listening(loop, server);
    round.listening = since();
    call_once(loop, server);
    round.answered = since();
  } catch (...) {
    kill(pid, SIGTERM);
    waitpid(pid, nullptr, 0);
    throw;
  }
  kill(pid, SIGTERM);
  waitpid(pid, nullptr, 0);
  return round;
}

double median(std::vector<Round>& rounds, double Round::*value) {
  std::sort(rounds.begin(), rounds.end(),
            [&](const Round& a, const Round& b) { return a.*value < b.*value; });
  return rounds[rounds.size() / 2].*value;
}

}  // namespace

int main(int argc, char** argv) {
  const long port = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
  const long count = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 0;
  if (argc < 4 || port < 1 || port > 65535 || count < 1) {
    fmt::print(stderr, "usage: bench_start_up PORT ROUNDS PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  try {
    std::vector<Round> rounds;
    const tcp::endpoint server(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port));
    for (long n = 0; n < count; ++n) rounds.push_back(run_round(server, argv + 3));
    fmt::print("start  listening after {:.1f} ms, first call answered after {:.1f} ms (medians of {})\n",
               median(rounds, &Round::listening), median(rounds, &Round::answered), count);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_start_up: {}\n", error.what());
    return 1;
  }
}
