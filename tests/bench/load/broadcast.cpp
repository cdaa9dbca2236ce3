// Broadcast: a call makes the stub child send one notification, which every session must receive.
// Measured from before the call until the last session has it, so it includes the call's own way.
#include <fmt/format.h>

#include "bench/load/messages.hpp"
#include "bench/load/modes.hpp"
#include "bench/load/opener.hpp"

namespace sidecar::bench {
namespace {

class Broadcast : public Opener {
 public:
  // One additional session, which is not counted, makes the calls.
  Broadcast(Loop& loop, const Options& options)
      : Opener(loop, options.target, options.clients + 1),
        options_(options),
        got_(options.clients + 1) {}

  Json json() {
    Json json = {{"clients", options_.clients}, {"notifications", notifications_}};
    json.update(figures().json(Clock::now() - began_));
    return json;
  }
  bool failed() { return figures().errors() > 0; }

 private:
  void all_opened() override {
    if (dropped() > 0) return loop().stop();
    began_ = Clock::now();
    next_round();
  }

  void next_round() {
    if (round_ == options_.rounds) return loop().stop();
    ++round_;
    last_ = 0;
    called_ = Clock::now();
    clients().back()->call({.id = round_, .tool = "notify", .arguments = "{}"});
    loop().after(seconds(options_.stall), [this, round = round_] {
      if (round != round_) return;
      figures().add_error(
          fmt::format("{} of {} sessions got the notification", last_, clients().size()));
      loop().stop();
    });
  }

  void on_message(Client& client, std::string_view json) override {
    if (json.find(R"("method":"notifications/tools/list_changed")") == std::string_view::npos)
      return;
    ++notifications_;
    std::uint64_t& got = got_[client.index()];
    if (got == round_) return figures().add_error("a session got a notification twice");
    got = round_;
    if (++last_ < clients().size()) return;
    figures().add(Clock::now() - called_);
    loop().after(std::chrono::milliseconds(100), [this] { next_round(); });
  }

  const Options& options_;
  std::vector<std::uint64_t> got_;  // round of each session's last notification
  std::uint64_t round_ = 0;
  std::size_t last_ = 0;  // sessions that have this round's notification
  std::uint64_t notifications_ = 0;
  Clock::time_point called_{};
  Clock::time_point began_{};
};

}  // namespace

int run_broadcast(const Options& options) {
  Loop loop;
  Broadcast broadcast(loop, options);
  broadcast.open();
  loop.run();
  print(options, broadcast.json());
  return broadcast.failed() ? 1 : 0;
}

}  // namespace sidecar::bench
