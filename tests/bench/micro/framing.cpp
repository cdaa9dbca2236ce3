// Lines framed from reads of the child's stdout.
#include <algorithm>

#include "bench/micro/allocations.hpp"
#include "bench/micro/texts.hpp"
#include "child/line_framer.hpp"

namespace sidecar::bench {
namespace {

class Count : public child::LineSink {
 public:
  void on_line(std::string line) override { bytes += line.size(); }
  void on_line_too_long(std::string, std::string, std::size_t) override {}
  std::size_t bytes = 0;
};

// One iteration is one line. A read contains as many lines as fit into 64 KB and cuts the last one.
void frame_line(benchmark::State& state) {
  constexpr std::size_t kRead = std::size_t{64} << 10;
  const std::string line = answer_of("9001", static_cast<std::size_t>(state.range(0))) + "\n";
  std::string stream;
  while (stream.size() < kRead) stream += line;
  Count sink;
  child::LineFramer framer(std::size_t{64} << 20, sink);
  const CountAllocations count(state);
  std::size_t at = 0;
  std::size_t fed = 0;
  for (auto _ : state) {
    // The part of the stream that contains one more line.
    for (std::size_t left = line.size(); left > 0;) {
      const std::size_t size = std::min({left, kRead, stream.size() - at});
      framer.feed(std::string_view(stream).substr(at, size));
      at = (at + size) % stream.size();
      left -= size;
      fed += size;
    }
  }
  benchmark::DoNotOptimize(sink.bytes);
  state.SetBytesProcessed(static_cast<std::int64_t>(fed));
}
BENCHMARK(frame_line)->Arg(150)->Arg(10'000)->Arg(1'000'000)->Arg(10'000'000);

// A whole read of small lines in one iteration.
void frame_read(benchmark::State& state) {
  constexpr std::size_t kRead = std::size_t{64} << 10;
  const std::string line = answer_of("9001", 100) + "\n";
  std::string read;
  std::size_t lines = 0;
  for (; read.size() + line.size() <= kRead; ++lines) read += line;
  Count sink;
  child::LineFramer framer(std::size_t{64} << 20, sink);
  const CountAllocations count(state);
  for (auto _ : state) framer.feed(read);
  benchmark::DoNotOptimize(sink.bytes);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(read.size()));
  state.counters["lines"] = static_cast<double>(lines);
}
BENCHMARK(frame_read);

}  // namespace
}  // namespace sidecar::bench
