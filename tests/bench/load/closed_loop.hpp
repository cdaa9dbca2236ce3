// ClosedLoop: clients that each send their next call when they have the answer to the last one.
// Checks every answer, its id and its text. Starts when all sessions are open, so that opening them
// is not measured.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/client.hpp"
#include "bench/load/figures.hpp"

namespace sidecar::bench {

// What is called, and what the text of its answer has to be. The tools are those of the stub child.
class Work {
 public:
  enum class Tool { kEcho, kCpu, kBig };
  struct Wish {
    Tool tool = Tool::kEcho;
    std::size_t bytes = 0;           // kBig: of the text; kEcho: the message is filled up to this
    std::uint64_t microseconds = 0;  // kCpu
  };

  explicit Work(Wish wish) : wish_(wish) {}

  std::string_view tool() const;
  std::string message(std::size_t client, std::uint64_t number) const;
  std::string arguments(const std::string& message) const;
  bool is_answer(std::string_view json, const std::string& message) const;

 private:
  const Wish wish_;
};

class ClosedLoop : public ClientOwner {
 public:
  struct Options {
    std::size_t clients = 1;
    std::size_t at_once = 64;  // sessions that are being opened at the same time
    std::uint64_t calls = 0;   // in all; 0: until `time` is over
    Clock::duration time{};
    Clock::duration pause{};                           // between an answer and the next call
    Clock::duration stall = std::chrono::seconds(30);  // with no answer at all: it has failed
  };
  using MakeClient = std::function<std::unique_ptr<Client>(std::size_t index, ClientOwner& owner)>;

  // `ids` is shared by all loads of the process: some peers mix equal ids up.
  ClosedLoop(Loop& loop, Options options, Work work, std::uint64_t& ids, const MakeClient& make);

  // `opened` is called when all sessions are open, or failed; `done` when the load has ended.
  void open(std::function<void()> opened, std::function<void()> done);
  void start();
  // Ends it early.
  void finish();

  Json json();
  bool failed() const { return figures_.errors() + figures_.foreign() > 0; }

 private:
  struct Slot {
    std::unique_ptr<Client> client;
    std::uint64_t id = 0;
    std::string message;
    Clock::time_point began;
    bool waits = false;  // for an answer
    bool dead = false;
    bool open = false;
  };

  void on_opened(Client& client) override;
  void on_message(Client& client, std::string_view json) override;
  void on_failed(Client& client, const std::string& why) override;

  void open_next();
  void one_opened();
  void next_call(Slot& slot);
  void call(Slot& slot);
  void watch_for_stall();

  Loop& loop_;
  const Options options_;
  const Work work_;
  std::uint64_t& ids_;
  std::vector<Slot> slots_;
  std::function<void()> opened_;
  std::function<void()> done_;
  Figures figures_;
  std::size_t next_to_open_ = 0;
  std::size_t settled_ = 0;  // opened, or failed before
  std::size_t alive_ = 0;
  std::uint64_t sent_ = 0;
  std::size_t answers_seen_ = 0;  // at the last look for a stall
  std::optional<Clock::time_point> began_;
  std::optional<Clock::time_point> ended_;
};

}  // namespace sidecar::bench
