// RateLimitedLog: warnings that may come in floods, as refusals do. The first of a kind is written
// at once, equal ones after it once a second as a number. Equal are those of one event with the
// same `reason`, `limit`, `address` and `key`. Its memory is bounded: beyond kMaxKinds in a second,
// others are only counted. Loop thread only.
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
  static constexpr std::size_t kMaxField = 200;  // of what is kept; the rest is cut off
  static constexpr std::chrono::seconds kWindow{1};

  RateLimitedLog(Log& log, Timers& timers) : log_(log), timers_(timers) {}
  ~RateLimitedLog() { tell(); }
  RateLimitedLog(const RateLimitedLog&) = delete;
  RateLimitedLog& operator=(const RateLimitedLog&) = delete;

  void warn(std::string_view event, Log::Fields fields);

 private:
  using Kind = std::array<std::string, 4>;  // event, reason or limit, address, key

  static Kind kind_of(std::string_view event, Log::Fields fields);
  // Writes what was held back, and forgets the kinds of which there was nothing.
  void tell();
  void arm();

  Log& log_;
  Timers& timers_;
  std::map<Kind, std::uint64_t>
      held_back_;  // how many, of the kinds that were seen in this window or the last
  std::uint64_t others_ = 0;
  Timer timer_;
};

}  // namespace sidecar::observe
