// bench_micro: what the parts of a call cost, each by itself: time, and allocations of one
// iteration.
#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
