// Metrics: every counter and gauge of the program, in one Prometheus registry. A look-up by label
// takes a lock and a map, so hot paths keep the reference. Owned by app. Updated on the loop thread
// (audit metrics also on the audit writer's thread), read on any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidecar::observe {

class Metrics {
  prometheus::Registry registry_;  // first: owns everything below
  prometheus::Family<prometheus::Counter>& requests_family_;
  prometheus::Family<prometheus::Counter>& calls_family_;
  prometheus::Family<prometheus::Counter>& dropped_family_;
  prometheus::Family<prometheus::Counter>& refused_family_;
  prometheus::Family<prometheus::Counter>& tool_calls_family_;
  prometheus::Family<prometheus::Counter>& audit_dropped_family_;

 public:
  Metrics();

  // Labels are literals of the code; only tool names come from the wrapped server (CallMetrics).
  // What belongs to the wrapped server also has the label `server` (observe/server_label.hpp).
  prometheus::Counter& requests(std::string_view endpoint, int status);
  // outcome: mux::outcome_name()
  prometheus::Counter& calls(std::string_view outcome);
  prometheus::Counter& dropped(std::string_view reason);  // messages that were not delivered
  // requests refused by the gate, a permission or a limit
  prometheus::Counter& refused(std::string_view reason);
  prometheus::Counter& tool_calls(std::string_view tool, std::string_view outcome);
  prometheus::Counter& audit_dropped(std::string_view reason);  // lost records

  prometheus::Counter& child_restarts;
  prometheus::Counter& child_failed_starts;
  prometheus::Gauge& child_ready;  // 1 after the handshake
  prometheus::Gauge& child_stdin_queue_bytes;
  prometheus::Counter& child_wedged;             // unanswered pings to children
  prometheus::Gauge& dedicated_children;         // dedicated children
  prometheus::Histogram& call_seconds;           // from a client's request to its answer
  prometheus::Histogram& call_overhead_seconds;  // the same without the time at the child
  prometheus::Gauge& calls_in_flight;
  prometheus::Gauge& waiting_bytes;     // of calls queued until the child reads its stdin
  prometheus::Counter& calls_repeated;  // sent again after the child died
  prometheus::Gauge& server_requests;   // not answered by clients yet
  prometheus::Gauge& sessions;
  prometheus::Counter& sessions_evicted;  // idle ones, to make room for new ones
  prometheus::Gauge& sse_streams;
  prometheus::Gauge& connections;
  prometheus::Gauge& buffered_bytes;
  prometheus::Counter& connections_accepted;
  prometheus::Counter& received_bytes;
  prometheus::Counter& sent_bytes;
  prometheus::Counter& slow_readers;
  prometheus::Gauge& dashboard_readers;  // event streams of the dashboard
  prometheus::Counter& dropped_ticks;    // dropped("slow_dashboard"), which no server has
  prometheus::Counter& audit_written;    // records written to the database
  prometheus::Counter& audit_spooled;    // records written to the spool first
  prometheus::Gauge& audit_queue_bytes;
  prometheus::Gauge& audit_spool_bytes;
  prometheus::Gauge& audit_up;  // 1 while the database accepts records

  // For the dashboard: upper bounds of call_seconds' buckets in seconds; the calls in each bucket,
  // the last entry being those beyond all bounds; refusals by reason.
  static std::span<const double> call_seconds_bounds();
  std::vector<std::uint64_t> calls_by_seconds() const;
  std::vector<std::pair<std::string, std::uint64_t>> refusals() const;

  // Prometheus text exposition format 0.0.4, process_metrics() included.
  std::string text() const;
};

// The standard process metrics of Prometheus client libraries: CPU time, memory, open files, start.
// Reads /proc/self on each call; unreadable values are left out. Any thread.
std::vector<prometheus::MetricFamily> process_metrics();

// One object's contribution to a shared gauge; withdrawn by the destructor. The gauge outlives it.
class GaugeShare {
 public:
  explicit GaugeShare(prometheus::Gauge& gauge) : gauge_(gauge) {}
  ~GaugeShare() { set(0); }
  GaugeShare(const GaugeShare&) = delete;
  GaugeShare& operator=(const GaugeShare&) = delete;

  void set(std::size_t value) {
    const std::size_t before = std::exchange(value_, value);
    if (value != before) gauge_.Increment(static_cast<double>(value) - static_cast<double>(before));
  }

 private:
  prometheus::Gauge& gauge_;
  std::size_t value_ = 0;
};

}  // namespace sidecar::observe
