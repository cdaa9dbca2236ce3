// RateLimitedLog: limits repeated warnings, such as refusals. The first of a kind is written at
// once; repetitions are written once a second as a count. A kind is an event with its `reason` or
// `limit`, `address` and `key`. Warnings beyond kMaxKinds are only counted. Loop thread only.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "observe/log.hpp"
#include "util/timers.hpp"

namespace sidecar::observe {

class RateLimitedLog {
 public:
  static constexpr std::size_t kMaxKinds = 256;
  static constexpr std::size_t kMaxField = 200;  // bytes kept of each field
  static constexpr std::chrono::seconds kWindow{1};

  RateLimitedLog(Log& log, Timers& timers) : log_(log), timers_(timers) {}
  ~RateLimitedLog() { report(); }
  RateLimitedLog(const RateLimitedLog&) = delete;
  RateLimitedLog& operator=(const RateLimitedLog&) = delete;

  void warn(std::string_view event, Log::Fields fields);

 private:
  using Kind = std::array<std::string, 4>;  // event, reason or limit, address, key

  static Kind kind_of(std::string_view event, Log::Fields fields);
  // Writes the counts, and removes kinds without repetitions.
  void report();
  void arm();

  Log& log_;
  Timers& timers_;
  // Repetitions by kind, for the kinds of this window and the last.
  std::map<Kind, std::uint64_t> held_back_;
  std::uint64_t others_ = 0;  // warnings beyond kMaxKinds
  Timer timer_;
};

}  // namespace sidecar::observe
