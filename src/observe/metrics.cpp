#include "observe/metrics.hpp"

#include <prometheus/text_serializer.h>

namespace sidecar::observe {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& registry, const char* name,
                                                  const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Counter& counter(prometheus::Registry& registry, const char* name, const char* help) {
  return counters(registry, name, help).Add({});
}

prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

Metrics::Metrics()
    : requests_family_(
          counters(registry_, "mcp_sidecar_http_requests_total", "HTTP requests by endpoint and status")),
      calls_family_(counters(registry_, "mcp_sidecar_calls_total", "Calls to the child by outcome")),
      dropped_family_(
          counters(registry_, "mcp_sidecar_messages_dropped_total", "Messages dropped, by reason")),
      refused_family_(counters(registry_, "mcp_sidecar_refused_total", "Requests refused, by reason")),
      audit_dropped_family_(counters(registry_, "mcp_sidecar_audit_dropped_total",
                                     "Records of the audit log that are lost, by reason")),
      child_restarts(
          counter(registry_, "mcp_sidecar_child_restarts_total", "Starts of the child after the first")),
      child_failed_starts(counter(registry_, "mcp_sidecar_child_failed_starts_total",
                                  "Starts that ended before the child was of use")),
      child_ready(gauge(registry_, "mcp_sidecar_child_ready", "1 while the child has done its handshake")),
      child_stdin_queue_bytes(
          gauge(registry_, "mcp_sidecar_child_stdin_queue_bytes", "Bytes waiting for the child's stdin")),
      child_wedged(
          counter(registry_, "mcp_sidecar_child_wedged_total", "Times a child did not answer a ping")),
      own_children(gauge(registry_, "mcp_sidecar_own_children", "Children that serve one session")),
      calls_in_flight(
          gauge(registry_, "mcp_sidecar_calls_in_flight", "Calls that the child has not answered yet")),
      calls_repeated(counter(registry_, "mcp_sidecar_calls_repeated_total",
                             "Calls that were sent once more after the child died with them")),
      peer_requests(gauge(registry_, "mcp_sidecar_peer_requests",
                          "Requests of children that clients have not answered yet")),
      sessions(gauge(registry_, "mcp_sidecar_sessions", "Live sessions")),
      sessions_evicted(counter(registry_, "mcp_sidecar_sessions_evicted_total",
                               "Idle sessions ended to make room for new ones")),
      sse_streams(gauge(registry_, "mcp_sidecar_sse_streams", "Open event streams")),
      connections(gauge(registry_, "mcp_sidecar_http_connections", "Open TCP connections")),
      buffered_bytes(gauge(registry_, "mcp_sidecar_buffered_bytes", "Bytes held in HTTP buffers")),
      connections_accepted(
          counter(registry_, "mcp_sidecar_http_connections_accepted_total", "TCP connections accepted")),
      slow_readers(
          counter(registry_, "mcp_sidecar_slow_readers_total", "Event streams ended as slow readers")),
      audit_written(
          counter(registry_, "mcp_sidecar_audit_written_total", "Records that the audit database has taken")),
      audit_spooled(counter(registry_, "mcp_sidecar_audit_spooled_total",
                            "Records that had to wait on disk for the audit database")),
      audit_queue_bytes(
          gauge(registry_, "mcp_sidecar_audit_queue_bytes", "Records in memory for the audit database")),
      audit_spool_bytes(
          gauge(registry_, "mcp_sidecar_audit_spool_bytes", "Records on disk for the audit database")),
      audit_up(
          gauge(registry_, "mcp_sidecar_audit_database_up", "1 while the audit database takes records")) {}

prometheus::Counter& Metrics::requests(std::string_view endpoint, int status) {
  return requests_family_.Add({{"endpoint", std::string(endpoint)}, {"status", std::to_string(status)}});
}

prometheus::Counter& Metrics::calls(std::string_view outcome) {
  return calls_family_.Add({{"outcome", std::string(outcome)}});
}

prometheus::Counter& Metrics::dropped(std::string_view reason) {
  return dropped_family_.Add({{"reason", std::string(reason)}});
}

prometheus::Counter& Metrics::refused(std::string_view reason) {
  return refused_family_.Add({{"reason", std::string(reason)}});
}

prometheus::Counter& Metrics::audit_dropped(std::string_view reason) {
  return audit_dropped_family_.Add({{"reason", std::string(reason)}});
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

}  // namespace sidecar::observe
