// RecentCalls: the last calls of clients, for whoever looks at the running program, and how all of
// them ended. A ring whose places are used again, so that a call costs a few copies of short texts
// and no memory. Loop thread only.
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
  static constexpr std::size_t kKept = 500;  // calls; older ones are forgotten
  // bytes of each text that is kept; the rest is cut off
  static constexpr std::size_t kMaxWord = 200;
  static constexpr std::size_t kMaxError = 500;

  // As CallRecord has it. Texts are a client's or the wrapped server's, and may be cut, or not be
  // UTF-8.
  struct Call {
    std::chrono::system_clock::time_point began;
    Clock::duration took{};
    std::string method;
    std::string subject;
    std::string_view outcome;  // a literal
    std::string error;
    std::string session;  // its first characters
    std::string key;
    std::string address;
    std::string_view transport;  // a literal
    std::string client;          // name and version
    std::size_t request_bytes = 0;
    std::size_t answer_bytes = 0;
  };
  using Outcomes = std::vector<std::pair<std::string_view, std::uint64_t>>;

  bool wants_arguments() const override { return false; }
  Result<std::string> on_call_begin(const Caller&, CallArguments) override { return std::string(); }
  void on_call_end(const CallRecord& record, std::string kept) override;

  // Calls are numbered from 0 in the order in which they ended. count() is the number of the next
  // one.
  std::uint64_t count() const { return count_; }
  std::uint64_t oldest() const { return count_ - calls_.size(); }
  // REQUIRES: oldest() <= number < count().
  const Call& at(std::uint64_t number) const { return calls_[number % kKept]; }

  // Of all calls since the start, in the order in which outcomes were first seen.
  const Outcomes& outcomes() const { return outcomes_; }

 private:
  std::vector<Call> calls_;  // at most kKept
  std::uint64_t count_ = 0;
  Outcomes outcomes_;  // as many as there are names of outcomes
};

}  // namespace sidecar::observe
