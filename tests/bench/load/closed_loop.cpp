#include "bench/load/closed_loop.hpp"

#include "bench/load/messages.hpp"

namespace sidecar::bench {

ClosedLoop::ClosedLoop(Loop& loop, Options options, Work work, std::uint64_t& ids,
                       const MakeClient& make)
    : loop_(loop), options_(options), work_(work), ids_(ids), slots_(options.clients) {
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].client = make(i, *this);
}

void ClosedLoop::open(std::function<void()> opened, std::function<void()> done) {
  opened_ = std::move(opened);
  done_ = std::move(done);
  watch_for_stall();
  for (std::size_t i = 0; i < options_.at_once; ++i) open_next();
}

void ClosedLoop::open_next() {
  if (next_to_open_ < slots_.size()) slots_[next_to_open_++].client->open();
}

void ClosedLoop::on_opened(Client& client) {
  slots_[client.index()].open = true;
  ++alive_;
  one_opened();
}

void ClosedLoop::one_opened() {
  // In a turn of its own: clients that open at once would recurse.
  loop_.after({}, [this] {
    open_next();
    if (++settled_ == slots_.size()) opened_();
  });
}

void ClosedLoop::start() {
  began_ = Clock::now();
  if (alive_ == 0) return finish();
  if (options_.calls == 0) loop_.after(options_.time, [this] { finish(); });
  for (Slot& slot : slots_) {
    if (slot.open && !slot.dead) next_call(slot);
  }
}

void ClosedLoop::next_call(Slot& slot) {
  if (ended_ || slot.dead) return;
  if (options_.calls > 0 && sent_ == options_.calls) {
    if (figures_.calls() + figures_.errors() >= options_.calls) finish();
    return;
  }
  ++sent_;
  call(slot);
}

void ClosedLoop::call(Slot& slot) {
  slot.id = ++ids_;
  slot.message = work_.message(slot.client->index(), slot.id);
  slot.waits = true;
  const std::string arguments = work_.arguments(slot.message);
  slot.began = Clock::now();
  slot.client->call({slot.id, work_.tool(), arguments});
}

void ClosedLoop::on_message(Client& client, std::string_view json) {
  Slot& slot = slots_[client.index()];
  const bool id_fits = !client.has_ids() || is_answer_to(slot.id, json);
  if (ended_ || (!id_fits && is_from_server(json))) return;
  if (!id_fits || !slot.waits) return figures_.add_foreign();
  slot.waits = false;
  if (work_.is_answer(json, slot.message)) {
    figures_.add(Clock::now() - slot.began);
    figures_.add_bytes(json.size());
  } else {
    figures_.add_error(fmt::format("id {}, \"{}\", was answered by: {}", slot.id, slot.message,
                                   json.size() > 300 ? json.substr(0, 300) : json));
  }
  if (options_.pause == Clock::duration::zero()) return next_call(slot);
  loop_.after(options_.pause, [this, &slot] { next_call(slot); });
}

void ClosedLoop::on_failed(Client& client, const std::string& why) {
  Slot& slot = slots_[client.index()];
  if (ended_ || slot.dead) return;
  slot.dead = true;
  figures_.add_error(why);
  if (!slot.open) return one_opened();
  if (--alive_ == 0 && began_) finish();
}

void ClosedLoop::watch_for_stall() {
  answers_seen_ = figures_.calls() + figures_.errors() + settled_;
  loop_.after(options_.stall, [this] {
    if (ended_) return;
    if (figures_.calls() + figures_.errors() + settled_ > answers_seen_) return watch_for_stall();
    figures_.add_error(
        "nothing came for " +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(options_.stall).count()) +
        " s");
    finish();
  });
}

void ClosedLoop::finish() {
  if (ended_) return;
  ended_ = Clock::now();
  if (!began_) began_ = ended_;
  done_();
}

Json ClosedLoop::json() {
  Json json = {{"clients", slots_.size()}};
  json.update(figures_.json(ended_.value_or(Clock::now()) - began_.value_or(Clock::now())));
  return json;
}

}  // namespace sidecar::bench
