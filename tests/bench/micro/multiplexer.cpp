// A call through the multiplexer and back, with a child played here and other calls open.
#include "mux/multiplexer.hpp"

#include "bench/micro/allocations.hpp"
#include "bench/micro/texts.hpp"
#include "mux/era/handshake_era.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"

namespace sidecar::bench {
namespace {

class Session : public mux::Client {
 public:
  void on_message(std::string) override {}
};

mux::Limits limits() {
  mux::Limits limits;
  limits.calls_per_client = 10'000;
  limits.calls = 10'000;
  return limits;
}

struct World {
  World() : mux(link, timers, ids, rate, limits(), {}, log, metrics) {
    link.room = std::size_t{64} << 20;
    mux.initialize(mux::HandshakeEra::params(false));
    link.up = true;
    mux.on_child_started();
    const std::string id(jsonrpc::parse(link.next())->id());
    mux.on_child_line(
        R"({"jsonrpc":"2.0","id":)" + id +
        R"(,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}})");
    link.sent.clear();
    auth::Principal caller;
    caller.owner = "owner";
    caller.has_key = true;
    mux.add(1, session, caller);
  }

  // The answer is counted, not checked.
  void call(const std::string& text) {
    auto message = jsonrpc::parse(text);
    mux::Reply reply(std::string(message->id()), [this](mux::Answer) { ++answered; });
    mux.request(1, std::move(*message), std::move(reply));
  }

  test::FakeLink link;
  test::ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  mux::IdAllocator ids;
  mux::ChildRate rate;
  Session session;
  mux::Multiplexer mux;
  std::int64_t answered = 0;
};

// Includes parsing the call and finding the child's answer. `range`: calls open all the time.
void round_trip(benchmark::State& state) {
  World world;
  for (std::int64_t i = 0; i < state.range(0); ++i)
    world.call(fmt::format(
        R"({{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"x"}}}})", i + 1000));
  world.link.sent.clear();
  const std::string text = call_of(150);
  const std::string rest = answer_of("", 100);
  const std::string_view before_id = std::string_view(rest).substr(0, rest.size() - 1);
  const CountAllocations count(state);
  for (auto _ : state) {
    world.call(text);
    const std::string line = world.link.next();
    const std::size_t id = line.find(R"("id":)") + 5;
    std::string answer;
    answer.reserve(before_id.size() + 32 + jsonrpc::kPadding);
    answer.append(before_id).append(line, id, line.find_first_of(",}", id) - id).push_back('}');
    world.mux.on_child_line(std::move(answer));
  }
  if (world.answered != state.iterations()) state.SkipWithError("calls were not answered");
}
BENCHMARK(round_trip)->Arg(0)->Arg(100)->Arg(1000);

}  // namespace
}  // namespace sidecar::bench
