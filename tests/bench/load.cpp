// bench_load: closed-loop load against a running sidecar that wraps the demo server.
//   bench_load rest|sse PORT CLIENTS CALLS    CLIENTS at once, CALLS each; prints calls/s, p50, p99, errors
//   bench_load idle PORT CLIENTS              opens that many SSE sessions, says `open`, holds them until
//   stdin ends
// One thread. A client whose answer is wrong or missing counts one error and stops.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <deque>
#include <fmt/format.h>
#include <vector>

#include "bench/clients.hpp"

namespace {

using namespace sidecar::bench;
using Clock = std::chrono::steady_clock;

struct Figures {
  std::vector<double> latencies;  // microseconds
  std::size_t errors = 0;
  std::string first_error;

  void note_error(const std::exception& error) {
    if (errors++ == 0) first_error = error.what();
  }
};

template <class Client>
Task<> run_client(tcp::endpoint server, std::size_t who, std::size_t calls, Figures& figures) {
  try {
    Client client = co_await Client::open(server);
    for (std::size_t n = 0; n < calls; ++n) {
      const auto began = Clock::now();
      co_await client.echo(fmt::format("client {} call {}", who, n));
      figures.latencies.push_back(std::chrono::duration<double, std::micro>(Clock::now() - began).count());
    }
  } catch (const std::exception& error) {
    figures.note_error(error);
  }
}

template <class Client>
Figures run_load(tcp::endpoint server, std::size_t clients, std::size_t calls) {
  asio::io_context loop(1);
  Figures figures;
  figures.latencies.reserve(clients * calls);
  for (std::size_t who = 0; who < clients; ++who) {
    asio::co_spawn(loop, run_client<Client>(server, who, calls, figures), asio::detached);
  }
  loop.run();
  return figures;
}

double percentile(std::vector<double>& sorted, double part) {
  return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

int report(std::string_view mode, std::size_t clients, Figures figures, Clock::duration took) {
  std::sort(figures.latencies.begin(), figures.latencies.end());
  const double seconds = std::chrono::duration<double>(took).count();
  fmt::print(
      "{:<5} {:>5} clients {:>8} calls {:>9.0f} calls/s   p50 {:>8.0f} us   p99 {:>8.0f} us   {} errors\n",
      mode, clients, figures.latencies.size(), static_cast<double>(figures.latencies.size()) / seconds,
      percentile(figures.latencies, 0.5), percentile(figures.latencies, 0.99), figures.errors);
  if (figures.errors > 0) fmt::print(stderr, "first error: {}\n", figures.first_error);
  return figures.errors == 0 ? 0 : 1;
}

int hold_idle(tcp::endpoint server, std::size_t clients) {
  asio::io_context loop(1);
  std::deque<SseClient> open;
  std::exception_ptr failure;
  const auto open_all = [&]() -> Task<> {
    for (std::size_t n = 0; n < clients; ++n)
      open.push_back(co_await SseClient::open(server, /*with_posts=*/false));
  };
  asio::co_spawn(loop, open_all(), [&](std::exception_ptr error) { failure = error; });
  loop.run();
  if (failure) std::rethrow_exception(failure);
  fmt::print("open\n");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

std::size_t number(const char* text) {
  std::size_t value = 0;
  const std::string_view view(text);
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc() || end != view.data() + view.size())
    throw std::runtime_error(fmt::format("no number: {}", text));
  return value;
}

int run(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  const bool idle = mode == "idle" && argc == 4;
  if (!idle && !((mode == "rest" || mode == "sse") && argc == 5)) {
    fmt::print(stderr, "usage: bench_load rest|sse PORT CLIENTS CALLS, or bench_load idle PORT CLIENTS\n");
    return 2;
  }
  const tcp::endpoint server(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(number(argv[2])));
  const std::size_t clients = number(argv[3]);
  if (idle) return hold_idle(server, clients);
  const std::size_t calls = number(argv[4]);
  const auto began = Clock::now();
  Figures figures = mode == "rest" ? run_load<RestClient>(server, clients, calls)
                                   : run_load<SseClient>(server, clients, calls);
  return report(mode, clients, std::move(figures), Clock::now() - began);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_load: {}\n", error.what());
    return 1;
  }
}
