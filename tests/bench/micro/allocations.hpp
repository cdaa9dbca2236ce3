// Counts heap allocations of this program by replacing operator new.
#pragma once

#include <benchmark/benchmark.h>
#include <cstdint>

namespace sidecar::bench {

struct Allocated {
  std::uint64_t times = 0;
  std::uint64_t bytes = 0;
};
Allocated allocated();

// Adds `allocations` and `allocated` (bytes), each per iteration, to a benchmark. Counts while it
// lives.
class CountAllocations {
 public:
  explicit CountAllocations(benchmark::State& state) : state_(state), before_(allocated()) {}
  CountAllocations(const CountAllocations&) = delete;
  CountAllocations& operator=(const CountAllocations&) = delete;
  ~CountAllocations() {
    const Allocated now = allocated();
    const auto rate = [](std::uint64_t count) {
      return benchmark::Counter(static_cast<double>(count), benchmark::Counter::kAvgIterations);
    };
    state_.counters["allocations"] = rate(now.times - before_.times);
    state_.counters["allocated"] = rate(now.bytes - before_.bytes);
  }

 private:
  benchmark::State& state_;
  const Allocated before_;
};

}  // namespace sidecar::bench
