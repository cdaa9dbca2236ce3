// The modes of bench_load. Each runs on its own loop until it is done, prints one line of JSON, and
// returns the exit code: 1 if anything went wrong; the JSON has the reason.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "bench/load/client.hpp"
#include "bench/load/closed_loop.hpp"

namespace sidecar::bench {

struct Options {
  std::string mode;
  Target target;
  std::vector<std::string> command;  // direct, start
  std::size_t clients = 1;
  std::uint64_t calls = 0;
  double seconds = 0;
  double stall = 30;  // seconds
  double pause = 0;   // milliseconds
  std::size_t bytes = 0;
  std::uint64_t cpu = 0;  // CPU time of the child per call, in microseconds
  std::size_t others = 0;
  std::size_t rounds = 5;
};

int run_calls(const Options& options);  // sse, streamable, rest, direct
int run_big(const Options& options);
int run_idle(const Options& options);
int run_broadcast(const Options& options);
int run_churn(const Options& options);
int run_start(const Options& options);

inline Clock::duration seconds(double value) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(value));
}
void print(const Options& options, Json json);

}  // namespace sidecar::bench
