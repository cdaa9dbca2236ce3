// Scanning the envelope of a message, and putting the client's id back into an answer.
#include "bench/micro/allocations.hpp"
#include "bench/micro/texts.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/splice.hpp"

namespace sidecar::bench {
namespace {

// Includes the copy that parse() takes over: each message arrives in its own string.
void parse_envelope(benchmark::State& state) {
  const std::string text = call_of(static_cast<std::size_t>(state.range(0)));
  const CountAllocations count(state);
  for (auto _ : state) {
    std::string line;
    line.reserve(text.size() + jsonrpc::kPadding);
    line = text;
    auto message = jsonrpc::parse(std::move(line));
    benchmark::DoNotOptimize(message);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(parse_envelope)->Arg(150)->Arg(10'000)->Arg(1'000'000)->Arg(10'000'000);

void splice_id(benchmark::State& state) {
  const auto message = jsonrpc::parse(answer_of("9001", static_cast<std::size_t>(state.range(0))));
  const CountAllocations count(state);
  for (auto _ : state) {
    std::string text = jsonrpc::splice(message->text, {{message->envelope.id, "17"}});
    benchmark::DoNotOptimize(text);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message->text.size()));
}
BENCHMARK(splice_id)->Arg(150)->Arg(10'000)->Arg(1'000'000)->Arg(10'000'000);

}  // namespace
}  // namespace sidecar::bench
