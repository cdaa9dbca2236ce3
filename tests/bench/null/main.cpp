// bench_null: the endpoints of a sidecar with nothing behind them, on one thread: the upper limit
// of this way of measuring.
//   bench_null [PORT]      prints `listening PORT`; port 0, the default, takes a free one
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "bench/null/server.hpp"

int main(int argc, char** argv) {
  try {
    sidecar::bench::Loop loop;
    sidecar::bench::NullServer server(
        loop, static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0));
    std::printf("listening %u\n", static_cast<unsigned>(server.port()));
    std::fflush(stdout);
    loop.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_null: %s\n", error.what());
    return 1;
  }
}
