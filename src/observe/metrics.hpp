// Metrics: every counter and gauge of the program by name, in one Prometheus registry.
// Hot paths keep the reference that they got once; a look-up by label costs a lock and a map.
// Updated on the loop thread, those of the audit log on its writer's too; read from any.
#pragma once

#include <cstdint>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidecar::observe {

class Metrics {
  prometheus::Registry registry_;  // first: everything below lives in it
  prometheus::Family<prometheus::Counter>& requests_family_;
  prometheus::Family<prometheus::Counter>& calls_family_;
  prometheus::Family<prometheus::Counter>& dropped_family_;
  prometheus::Family<prometheus::Counter>& refused_family_;
  prometheus::Family<prometheus::Counter>& tool_calls_family_;
  prometheus::Family<prometheus::Counter>& audit_dropped_family_;

 public:
  Metrics();

  // Labels come from small fixed sets in the code, never from a client's input.
  prometheus::Counter& requests(std::string_view endpoint, int status);
  // ok, error, cancelled, timeout, child_died, refused
  prometheus::Counter& calls(std::string_view outcome);
  prometheus::Counter& dropped(std::string_view reason);  // messages that reached nobody, and why
  // requests turned away by a limit or the gate
  prometheus::Counter& refused(std::string_view reason);
  prometheus::Counter& tool_calls(std::string_view tool, std::string_view outcome);
  prometheus::Counter& audit_dropped(std::string_view reason);  // records of calls that are lost

  prometheus::Counter& child_restarts;
  prometheus::Counter& child_failed_starts;
  prometheus::Gauge& child_ready;  // 1 after the handshake
  prometheus::Gauge& child_stdin_queue_bytes;
  prometheus::Counter& child_wedged;             // times that a child did not answer a ping
  prometheus::Gauge& own_children;               // children that serve one session
  prometheus::Histogram& call_seconds;           // of clients' calls, whole
  prometheus::Histogram& call_overhead_seconds;  // and without the time at the child
  prometheus::Gauge& calls_in_flight;
  prometheus::Gauge& waiting_bytes;     // of calls that wait until the child reads
  prometheus::Counter& calls_repeated;  // sent to a second child
  prometheus::Gauge& server_requests;   // of children, that clients have not answered
  prometheus::Gauge& sessions;
  prometheus::Counter& sessions_evicted;  // ended to make room for new ones
  prometheus::Gauge& sse_streams;
  prometheus::Gauge& connections;
  prometheus::Gauge& buffered_bytes;
  prometheus::Counter& connections_accepted;
  prometheus::Counter& received_bytes;
  prometheus::Counter& sent_bytes;
  prometheus::Counter& slow_readers;
  prometheus::Gauge& dashboard_readers;  // event streams of the dashboard
  prometheus::Counter& audit_written;    // records that the database has
  prometheus::Counter& audit_spooled;    // that had to wait on disk
  prometheus::Gauge& audit_queue_bytes;
  prometheus::Gauge& audit_spool_bytes;
  prometheus::Gauge& audit_up;  // 1 while the database takes records

  // What has been counted so far, for pages: upper bounds in seconds of call_seconds' buckets, the
  // calls in each of them and, last, beyond them; what was refused, by reason.
  static std::span<const double> call_seconds_bounds();
  std::vector<std::uint64_t> calls_by_seconds() const;
  std::vector<std::pair<std::string, std::uint64_t>> refusals() const;

  // Prometheus text exposition format 0.0.4, those of the process among them.
  std::string text() const;
};

}  // namespace sidecar::observe
