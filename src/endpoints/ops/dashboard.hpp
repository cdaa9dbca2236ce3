// Dashboard: what the dashboard's page shows, as it happens, and the same for people with curl.
//   GET /dashboard/events  event stream: `hello` with what does not change, then, at once and each second,
//                          `tick` with the rest; the first tick has what is kept of the past
//   GET /calls?limit=50    {"calls":[…]}, the last ones, newest first
//   GET /logs?limit=100    {"lines":[…]}, the last ones, oldest first
// For callers with the permission admin. A tick is made once for all readers, by a timer that runs
// only while there are any. A reader that does not keep up misses ticks, and ends as every slow
// reader does; one whose key is gone, or whose access token has expired, ends with the next tick.
// Owned by app; loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/gate.hpp"
#include "http/server.hpp"
#include "mux/pool/instances.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/recent_calls.hpp"
#include "session/session_table.hpp"
#include "util/shares.hpp"
#include "util/timers.hpp"

namespace sidecar::endpoints {

// What it looks at. Outlives it.
struct Observed {
  const mux::Instances& instances;
  const session::SessionTable& sessions;
  const observe::RecentCalls& calls;
  const observe::Log& log;
  observe::Metrics& metrics;
  const access::Gate& gate;
};

struct DashboardOptions {
  std::string command;     // of the wrapped server
  std::string public_url;  // empty: not known
  http::SseOptions stream{};
};

class Dashboard {
 public:
  static constexpr std::chrono::seconds kEvery{1};
  static constexpr std::size_t kMaxReaders = 16;  // shared by the keys; beyond: 503
  static constexpr std::size_t kCallsPerTick = 50;
  static constexpr std::size_t kLinesPerTick = 100;
  static constexpr std::size_t kMaxChildren = 64;  // that a tick tells of
  // Of what a tick repeats of stderr, for all children together.
  static constexpr std::size_t kStderrBytes = 64 << 10;
  // A reader with as much still to take misses the tick.
  static constexpr std::size_t kBehind = 256 << 10;

  Dashboard(const Observed& observed, Timers& timers, DashboardOptions options);

  std::vector<http::Route> routes();

 private:
  struct Reader {
    // shared with the request that opened the stream
    std::shared_ptr<const observe::Caller> caller;
    std::unique_ptr<http::SseStream> stream;
    Shares::Holding share;  // of one reader
  };
  using Readers = std::list<Reader>;
  // Where the next tick begins.
  struct Seen {
    std::uint64_t calls = 0;
    std::uint64_t lines = 0;
  };

  void open(http::Exchange exchange);
  void list_calls(http::Exchange exchange) const;
  void list_lines(http::Exchange exchange) const;
  void arm();
  void tick();
  // Whether one more reader of `caller` fits, possibly because the oldest one of the key that has
  // most ends.
  bool make_room(const observe::Caller& caller);
  void end(Readers::iterator reader);
  void end_strangers();
  Seen all_so_far() const;
  std::string hello() const;
  // With the calls and lines of the log from `since` to before `end`; without it, with what is kept
  // of the past.
  std::string tick_text(std::optional<Seen> since, Seen end) const;

  const Observed observed_;
  Timers& timers_;
  const DashboardOptions options_;
  const std::chrono::system_clock::time_point started_at_;
  const Clock::time_point started_;
  Shares shares_{kMaxReaders};
  Readers readers_;  // oldest first
  Seen seen_;        // by all readers
  Timer timer_;
};

}  // namespace sidecar::endpoints
