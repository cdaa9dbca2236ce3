// bench_micro: the cost of each part of a call: time and allocations per iteration.
#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
