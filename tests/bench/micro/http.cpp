// The head of an answer, and an event of an event stream.
#include "bench/micro/allocations.hpp"
#include "bench/micro/texts.hpp"
#include "http/event_stream.hpp"
#include "http/response_head.hpp"

namespace sidecar::bench {
namespace {

void render_head(benchmark::State& state) {
  const ReplyFields cors{.usual = std::make_shared<const Fields>(Fields{
                             {"Access-Control-Allow-Origin", "*"},
                             {"Access-Control-Expose-Headers", "Content-Type, Mcp-Session-Id"}})};
  const Fields own = {{"Mcp-Session-Id", "0123456789abcdef0123456789abcdef"}};
  http::HeadWriter heads;
  const CountAllocations count(state);
  for (auto _ : state) {
    std::string head =
        heads.render({.status = 200, .content_type = "application/json", .length = 350}, own, cors);
    benchmark::DoNotOptimize(head);
  }
}
BENCHMARK(render_head);

// Includes the copy of the data that the event takes over.
void format_event(benchmark::State& state) {
  const std::string data = answer_of("17", static_cast<std::size_t>(state.range(0)));
  const CountAllocations count(state);
  for (auto _ : state) {
    http::Piece piece = http::event_piece("message", data, {}, true);
    benchmark::DoNotOptimize(piece);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(data.size()));
}
BENCHMARK(format_event)->Arg(100)->Arg(10'000)->Arg(10'000'000);

}  // namespace
}  // namespace sidecar::bench
