// Opener: opens many sessions, a limited number at a time, and counts those that fail. A mode
// derives from it and uses the sessions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/load/client.hpp"
#include "bench/load/figures.hpp"

namespace sidecar::bench {

class Opener : public ClientOwner {
 public:
  Opener(Loop& loop, const Target& target, std::size_t count) : loop_(loop), clients_(count) {
    for (std::size_t i = 0; i < count; ++i) clients_[i] = make_client(target, loop, i, *this);
  }

  void open() {
    for (std::size_t i = 0; i < kAtOnce; ++i) open_next();
  }

 protected:
  // Every session is open or has failed.
  virtual void all_opened() = 0;

  Loop& loop() { return loop_; }
  std::vector<std::unique_ptr<Client>>& clients() { return clients_; }
  Figures& figures() { return figures_; }
  std::size_t dropped() const { return failed_; }

  void on_opened(Client&) override { settle(); }
  void on_message(Client&, std::string_view) override {}
  void on_failed(Client&, const std::string& why) override {
    ++failed_;
    figures_.add_error(why);
    if (settled_ < clients_.size()) settle();
  }

 private:
  static constexpr std::size_t kAtOnce = 64;

  void open_next() {
    if (next_ < clients_.size()) clients_[next_++]->open();
  }
  void settle() {
    loop_.after({}, [this] {
      open_next();
      if (++settled_ == clients_.size()) all_opened();
    });
  }

  Loop& loop_;
  std::vector<std::unique_ptr<Client>> clients_;
  Figures figures_;
  std::size_t next_ = 0;
  std::size_t settled_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace sidecar::bench
