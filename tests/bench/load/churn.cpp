// Churn: sessions that are opened, make one call and are closed, a fixed number at a time.
#include "bench/load/messages.hpp"
#include "bench/load/modes.hpp"

namespace sidecar::bench {
namespace {

class Churn : public ClientOwner {
 public:
  Churn(Loop& loop, const Options& options)
      : loop_(loop), options_(options), slots_(options.clients) {}

  void start() {
    began_ = Clock::now();
    for (std::size_t i = 0; i < slots_.size(); ++i) next(i);
    watch_for_stall();
  }
  Json json() {
    Json json = {{"clients", slots_.size()}};
    json.update(figures_.json(Clock::now() - began_));
    return json;
  }
  bool failed() const { return figures_.errors() + figures_.foreign() > 0; }

 private:
  struct Slot {
    std::unique_ptr<Client> client;
    Clock::time_point began;
    std::string message;
    std::uint64_t id = 0;
  };

  void next(std::size_t index) {
    Slot& slot = slots_[index];
    slot.client.reset();
    if (begun_ == options_.calls) {
      if (--running_ == 0) loop_.stop();
      return;
    }
    if (begun_++ < slots_.size()) ++running_;
    slot.id = begun_;
    slot.began = Clock::now();
    slot.client = make_client(options_.target, loop_, index, *this);
    slot.client->open();
  }

  void on_opened(Client& client) override {
    Slot& slot = slots_[client.index()];
    slot.message = work_.message(client.index(), slot.id);
    client.call({slot.id, work_.tool(), work_.arguments(slot.message)});
  }
  void on_message(Client& client, std::string_view json) override {
    const Slot& slot = slots_[client.index()];
    if (client.has_ids() && !is_answer_to(slot.id, json)) return figures_.add_foreign();
    if (!work_.is_answer(json, slot.message))
      figures_.add_error("wrong answer: " + std::string(json));
    // The POST that carried the answer may not have ended yet.
    loop_.after({}, [this, index = client.index()] { slots_[index].client->close(); });
  }
  void on_closed(Client& client) override {
    figures_.add(Clock::now() - slots_[client.index()].began);
    replace(client);
  }
  void on_failed(Client& client, const std::string& why) override {
    figures_.add_error(why);
    replace(client);
  }
  void replace(const Client& client) {
    loop_.after({}, [this, index = client.index()] { next(index); });
  }

  void watch_for_stall() {
    const std::size_t seen = figures_.calls() + figures_.errors();
    loop_.after(seconds(options_.stall), [this, seen] {
      if (figures_.calls() + figures_.errors() > seen) return watch_for_stall();
      figures_.add_error("no session ended for a while");
      loop_.stop();
    });
  }

  Loop& loop_;
  const Options& options_;
  const Work work_{{}};
  std::vector<Slot> slots_;
  Figures figures_;
  std::uint64_t begun_ = 0;
  std::size_t running_ = 0;
  Clock::time_point began_{};
};

}  // namespace

int run_churn(const Options& options) {
  Loop loop;
  Churn churn(loop, options);
  churn.start();
  loop.run();
  print(options, churn.json());
  return churn.failed() ? 1 : 0;
}

}  // namespace sidecar::bench
