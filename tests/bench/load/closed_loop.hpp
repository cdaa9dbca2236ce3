// ClosedLoop: clients that each send their next call after the answer to the previous one. Checks
// the id and the text of every answer. Starts after all sessions are open, so that opening them is
// not measured.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/client.hpp"
#include "bench/load/figures.hpp"

namespace sidecar::bench {

// The call and the expected text of its answer. The tools are those of the stub child.
class Work {
 public:
  enum class Tool { kEcho, kCpu, kBig };
  struct Wish {
    Tool tool = Tool::kEcho;
    std::size_t bytes = 0;           // kBig: size of the text; kEcho: size of the message
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
    std::size_t at_once = 64;  // sessions being opened at the same time
    std::uint64_t calls = 0;   // total; 0: until `time` has passed
    Clock::duration time{};
    Clock::duration pause{};                           // between an answer and the next call
    Clock::duration stall = std::chrono::seconds(30);  // fails after this long without an answer
  };
  using MakeClient = std::function<std::unique_ptr<Client>(std::size_t index, ClientOwner& owner)>;

  // `ids` is shared by all loads of the process: some peers mix up equal ids.
  ClosedLoop(Loop& loop, Options options, Work work, std::uint64_t& ids, const MakeClient& make);

  // Calls `opened` when every session is open or has failed, and `done` when the load has ended.
  void open(std::function<void()> opened, std::function<void()> done);
  void start();
  // Ends the load early.
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
  std::size_t settled_ = 0;  // sessions that are open or failed to open
  std::size_t alive_ = 0;
  std::uint64_t sent_ = 0;
  std::size_t answers_seen_ = 0;  // at the last check for a stall
  std::optional<Clock::time_point> began_;
  std::optional<Clock::time_point> ended_;
};

}  // namespace sidecar::bench
