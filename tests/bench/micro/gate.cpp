// The gate's decision on a POST: without keys, and with a key among many.
#include "access/gate.hpp"

#include <array>
#include <fmt/format.h>

#include "bench/micro/allocations.hpp"
#include "support/manual_timers.hpp"

namespace sidecar::bench {
namespace {

struct Door {
  explicit Door(const std::vector<access::StoredKey>& keys)
      : gate({access::Keys(keys), !keys.empty()}, {}, access::Origins(access::OriginRules{{"*"}}),
             {access::AddressSet::parse({"127.0.0.0/8", "::1"}).value(),
              access::AddressSet::parse({"*"}).value()},
             limits, refusals, metrics) {}

  test::ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::RateLimitedLog refusals{log, timers};
  observe::Metrics metrics;
  access::RateLimits limits{access::Rates{}, timers};
  access::Gate gate;
};

void judge(benchmark::State& state, const std::vector<access::StoredKey>& keys,
           std::string_view key) {
  Door door(keys);
  const std::array<std::pair<std::string_view, std::string_view>, 3> fields = {
      {{"Host", "127.0.0.1"}, {"Content-Type", "application/json"}, {"X-API-Key", key}}};
  const auto header = [&](std::string_view name) -> std::string_view {
    for (const auto& [field, value] : fields) {
      if (field == name) return value;
    }
    return {};
  };
  const access::GateRequest request{
      "POST",
      "/message",
      "127.0.0.1",
      header,
      [&](std::string_view name) { return std::string(header(name)); },
      [](std::string_view) { return false; },
      [] { return std::optional<access::KnownSession>(); },
      {}};
  if (door.gate.judge(request).answer)
    state.SkipWithError("the gate refuses what it should let pass");
  const CountAllocations count(state);
  for (auto _ : state) {
    auto decision = door.gate.judge(request);
    benchmark::DoNotOptimize(decision);
  }
}

void judge_open(benchmark::State& state) { judge(state, {}, {}); }
BENCHMARK(judge_open);

void judge_key(benchmark::State& state) {
  std::vector<access::StoredKey> keys;
  for (std::int64_t i = 0; i < state.range(0); ++i)
    keys.push_back({fmt::format("name{}", i),
                    access::hash_of(fmt::format("secret-{}", i)),
                    {},
                    std::make_shared<auth::Permissions>()});
  judge(state, keys, "secret-0");
}
BENCHMARK(judge_key)->Arg(1)->Arg(1000);

}  // namespace
}  // namespace sidecar::bench
