// Dashboard: live state for the dashboard's page, and recent calls and log lines for curl.
//   GET /dashboard/events  event stream: one `hello` with constant facts, then `tick` with the
//                          changing ones, at once and every second; the first tick also holds the
//                          recent calls and log lines that are kept
//   GET /calls?limit=50    {"calls":[…]}, the most recent ones, newest first
//   GET /logs?limit=100    {"lines":[…]}, the most recent ones, oldest first
// Requires the permission admin. A tick is formatted once for all readers, by a timer that runs
// only while there are readers. A slow reader misses ticks, and is disconnected by the limits of
// every event stream. A reader whose key is revoked or whose access token has expired is
// disconnected at the next tick. Owned by app; loop thread only.
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

// The objects that the dashboard reads. They outlive it.
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
  std::string public_url;  // empty: unknown
  http::SseOptions stream{};
};

class Dashboard {
 public:
  static constexpr std::chrono::seconds kEvery{1};
  static constexpr std::size_t kMaxReaders = 16;  // shared by all keys; 503 when full
  static constexpr std::size_t kCallsPerTick = 50;
  static constexpr std::size_t kLinesPerTick = 100;
  static constexpr std::size_t kMaxChildren = 64;  // in one tick; the rest is counted
  // Of stderr in one tick, for all children together.
  static constexpr std::size_t kStderrBytes = 64 << 10;
  // A reader with this many queued bytes misses the tick.
  static constexpr std::size_t kBehind = 256 << 10;

  Dashboard(const Observed& observed, Timers& timers, DashboardOptions options);

  std::vector<http::Route> routes();

 private:
  struct Reader {
    // Shared with the request that opened the stream.
    std::shared_ptr<const auth::Principal> caller;
    std::unique_ptr<http::SseStream> stream;
    Shares::Holding share;  // of one reader
  };
  using Readers = std::list<Reader>;
  // Numbers of the first call and the first log line of the next tick.
  struct Seen {
    std::uint64_t calls = 0;
    std::uint64_t lines = 0;
  };

  void open(http::Exchange exchange);
  void list_calls(http::Exchange exchange) const;
  void list_lines(http::Exchange exchange) const;
  void arm();
  void tick();
  // Whether one more reader of `caller` fits. If all places are taken, may end the oldest reader of
  // the key that has most.
  bool make_room(const auth::Principal& caller);
  void end(Readers::iterator reader);
  // Ends readers whose key is revoked or whose token has expired.
  void end_unauthorized();
  Seen all_so_far() const;
  std::string hello() const;
  // With the calls and log lines from `since` up to, but without, `end`. Without `since`: with all
  // that are kept.
  std::string tick_text(std::optional<Seen> since, Seen end) const;

  const Observed observed_;
  Timers& timers_;
  const DashboardOptions options_;
  const std::chrono::system_clock::time_point started_at_;
  const Clock::time_point started_;
  Shares shares_{kMaxReaders};
  Readers readers_;  // oldest first
  Seen seen_;        // sent to all readers
  Timer timer_;
};

}  // namespace sidecar::endpoints
