// RecentCalls: the last calls of clients, and the outcomes of all, for the dashboard. A ring buffer
// that reuses its entries: once full, a call costs a few copies of short texts and seldom an
// allocation. Owned by app. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/calls.hpp"

namespace sidecar::observe {

class RecentCalls : public CallSink {
 public:
  static constexpr std::size_t kKept = 500;      // calls; the oldest is overwritten
  static constexpr std::size_t kMaxWord = 200;   // bytes kept of each text
  static constexpr std::size_t kMaxError = 500;  // bytes kept of `error`

  // Fields as in CallRecord. Texts come from clients and the wrapped server: they may be truncated
  // and may be invalid UTF-8.
  struct Call {
    std::chrono::system_clock::time_point began;
    Clock::duration took{};
    std::string method;
    std::string subject;
    std::string_view outcome;  // a literal
    std::string error;
    std::string session;  // its first 8 characters
    std::string server;
    std::string key;
    std::string address;
    std::string_view transport;  // a literal
    std::string client;          // name and version
    std::size_t request_bytes = 0;
    std::size_t answer_bytes = 0;
  };
  using Outcomes = std::vector<std::pair<std::string_view, std::uint64_t>>;

  bool wants_arguments() const override { return false; }
  Result<std::string> on_call_begin(const auth::Principal&, CallArguments) override {
    return std::string();
  }
  void on_call_end(const CallRecord& record, std::string kept) override;

  // Calls are numbered from 0 in the order in which they ended. count() is the next number.
  std::uint64_t count() const { return count_; }
  std::uint64_t oldest() const { return count_ - calls_.size(); }
  // REQUIRES: oldest() <= number < count().
  const Call& at(std::uint64_t number) const { return calls_[number % kKept]; }

  // Counts of all calls since the start, in the order in which outcomes first occurred.
  const Outcomes& outcomes() const { return outcomes_; }

 private:
  std::vector<Call> calls_;  // at most kKept
  std::uint64_t count_ = 0;
  Outcomes outcomes_;  // at most one entry per outcome name
};

}  // namespace sidecar::observe
