// Closed loops: calls of one size from all clients, or big results for one client while others make
// small calls.
#include <fmt/format.h>

#include "bench/load/direct_child.hpp"
#include "bench/load/modes.hpp"

namespace sidecar::bench {
namespace {

ClosedLoop::Options loop_options(const Options& options) {
  return {.clients = options.clients,
          .calls = options.calls,
          .time = seconds(options.seconds),
          .pause = seconds(options.pause / 1000),
          .stall = seconds(options.stall)};
}

// Makes clients for the target of the options. Owns the direct child, if there is one.
class Clients {
 public:
  Clients(Loop& loop, const Options& options) : loop_(loop), target_(options.target) {
    if (target_.transport == Transport::kDirect)
      child_ = std::make_unique<DirectChild>(loop, options.command);
  }
  ClosedLoop::MakeClient make() {
    return [this](std::size_t index, ClientOwner& owner) {
      return child_ ? child_->make_client(index, owner) : make_client(target_, loop_, index, owner);
    };
  }

 private:
  Loop& loop_;
  const Target& target_;
  std::unique_ptr<DirectChild> child_;
};

}  // namespace

int run_calls(const Options& options) {
  Loop loop;
  Clients clients(loop, options);
  std::uint64_t ids = 0;
  const Work work(options.cpu > 0
                      ? Work::Wish{.tool = Work::Tool::kCpu, .microseconds = options.cpu}
                      : Work::Wish{.bytes = options.bytes});
  ClosedLoop load(loop, loop_options(options), work, ids, clients.make());
  double cpu = 0;
  load.open(
      [&] {
        cpu = cpu_seconds();
        load.start();
      },
      [&] { loop.stop(); });
  loop.run();
  Json json = load.json();
  json["loadCpuSeconds"] = cpu_seconds() - cpu;
  print(options, std::move(json));
  return load.failed() ? 1 : 0;
}

// The small calls have pauses, so that they do not slow the big ones down.
int run_big(const Options& options) {
  Loop loop;
  Clients clients(loop, options);
  std::uint64_t ids = 0;
  ClosedLoop big(loop, loop_options(options),
                 Work({.tool = Work::Tool::kBig, .bytes = options.bytes}), ids, clients.make());
  ClosedLoop others(loop,
                    {.clients = options.others,
                     .time = std::chrono::hours(24),
                     .pause = std::chrono::milliseconds(20),
                     .stall = seconds(options.stall)},
                    Work({}), ids, clients.make());
  const auto start = [&] {
    if (options.others > 0) others.start();
    big.start();
  };
  big.open(
      [&] {
        if (options.others == 0)
          start();
        else
          others.open(start, [&] { loop.stop(); });
      },
      [&] { loop.stop(); });
  loop.run();
  if (options.others > 0) others.finish();
  Json json = big.json();
  if (options.others > 0) json["others"] = others.json();
  print(options, std::move(json));
  return big.failed() || others.failed() ? 1 : 0;
}

void print(const Options& options, Json json) {
  Json line = {{"mode", options.mode}};
  line.update(json);
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
}

}  // namespace sidecar::bench
