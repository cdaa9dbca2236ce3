#include "observe/metrics.hpp"

#include <iterator>
#include <prometheus/text_serializer.h>

#include "observe/server_label.hpp"
#include "util/version.hpp"

namespace sidecar::observe {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;

constexpr double kCallSeconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                   0.5,   1,      2.5,   5,    10,    30,   60,  300};

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& registry, const char* name,
                                                  const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Labels of_server() { return {{"server", std::string(kDefaultServer)}}; }

prometheus::Counter& counter(prometheus::Registry& registry, const char* name, const char* help,
                             const prometheus::Labels& labels = {}) {
  return counters(registry, name, help).Add(labels);
}

prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help,
                         const prometheus::Labels& labels = {}) {
  return BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
}

prometheus::Histogram& histogram(prometheus::Registry& registry, const char* name, const char* help,
                                 const prometheus::Histogram::BucketBoundaries& bounds,
                                 const prometheus::Labels& labels) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(labels, bounds);
}

}  // namespace

Metrics::Metrics()
    : requests_family_(counters(registry_, "mcp_sidecar_http_requests_total",
                                "HTTP requests by endpoint and status")),
      calls_family_(
          counters(registry_, "mcp_sidecar_calls_total", "Calls to the child by outcome")),
      dropped_family_(
          counters(registry_, "mcp_sidecar_messages_dropped_total", "Messages dropped, by reason")),
      refused_family_(
          counters(registry_, "mcp_sidecar_refused_total", "Requests refused, by reason")),
      tool_calls_family_(counters(registry_, "mcp_sidecar_tool_calls_total",
                                  "Calls of tools, by name and outcome")),
      audit_dropped_family_(counters(registry_, "mcp_sidecar_audit_dropped_total",
                                     "Records of the audit log that are lost, by reason")),
      child_restarts(counter(registry_, "mcp_sidecar_child_restarts_total",
                             "Starts of the child after the first", of_server())),
      child_failed_starts(counter(registry_, "mcp_sidecar_child_failed_starts_total",
                                  "Starts that ended before the child was of use", of_server())),
      child_ready(gauge(registry_, "mcp_sidecar_child_ready",
                        "1 while the child has done its handshake", of_server())),
      child_stdin_queue_bytes(gauge(registry_, "mcp_sidecar_child_stdin_queue_bytes",
                                    "Bytes waiting for the child's stdin", of_server())),
      child_wedged(counter(registry_, "mcp_sidecar_child_wedged_total",
                           "Times a child did not answer a ping", of_server())),
      dedicated_children(gauge(registry_, "mcp_sidecar_own_children",
                               "Children that serve one session", of_server())),
      call_seconds(histogram(registry_, "mcp_sidecar_call_seconds",
                             "Clients' calls, from request to answer",
                             {std::begin(kCallSeconds), std::end(kCallSeconds)}, of_server())),
      call_overhead_seconds(histogram(registry_, "mcp_sidecar_call_overhead_seconds",
                                      "The same without the time at the child: what mcp-sidecar "
                                      "adds, waiting for the child to read "
                                      "included",
                                      {0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001,
                                       0.0025, 0.005, 0.01, 0.025, 0.1, 1},
                                      of_server())),
      calls_in_flight(gauge(registry_, "mcp_sidecar_calls_in_flight",
                            "Calls that the child has not answered yet", of_server())),
      waiting_bytes(gauge(registry_, "mcp_sidecar_calls_waiting_bytes",
                          "Bytes of calls that wait until the child reads its stdin", of_server())),
      calls_repeated(counter(registry_, "mcp_sidecar_calls_repeated_total",
                             "Calls that were sent once more after the child died with them",
                             of_server())),
      server_requests(gauge(registry_, "mcp_sidecar_peer_requests",
                            "Requests of children that clients have not answered yet",
                            of_server())),
      sessions(gauge(registry_, "mcp_sidecar_sessions", "Live sessions", of_server())),
      sessions_evicted(counter(registry_, "mcp_sidecar_sessions_evicted_total",
                               "Idle sessions ended to make room for new ones", of_server())),
      sse_streams(gauge(registry_, "mcp_sidecar_sse_streams", "Open event streams")),
      connections(gauge(registry_, "mcp_sidecar_http_connections", "Open TCP connections")),
      buffered_bytes(gauge(registry_, "mcp_sidecar_buffered_bytes", "Bytes held in HTTP buffers")),
      connections_accepted(counter(registry_, "mcp_sidecar_http_connections_accepted_total",
                                   "TCP connections accepted")),
      received_bytes(
          counter(registry_, "mcp_sidecar_http_received_bytes_total", "Bytes read from clients")),
      sent_bytes(
          counter(registry_, "mcp_sidecar_http_sent_bytes_total", "Bytes written to clients")),
      slow_readers(counter(registry_, "mcp_sidecar_slow_readers_total",
                           "Event streams ended as slow readers")),
      dashboard_readers(gauge(registry_, "mcp_sidecar_dashboard_readers",
                              "Open event streams of the dashboard, which sse_streams counts too")),
      dropped_ticks(dropped_family_.Add({{"reason", "slow_dashboard"}})),
      audit_written(counter(registry_, "mcp_sidecar_audit_written_total",
                            "Records that the audit database has taken")),
      audit_spooled(counter(registry_, "mcp_sidecar_audit_spooled_total",
                            "Records that had to wait on disk for the audit database")),
      audit_queue_bytes(gauge(registry_, "mcp_sidecar_audit_queue_bytes",
                              "Records in memory for the audit database")),
      audit_spool_bytes(gauge(registry_, "mcp_sidecar_audit_spool_bytes",
                              "Records on disk for the audit database")),
      audit_up(gauge(registry_, "mcp_sidecar_audit_database_up",
                     "1 while the audit database takes records")) {
  BuildGauge()
      .Name("mcp_sidecar_build_info")
      .Help("1, with the version as a label")
      .Register(registry_)
      .Add({{"version", std::string(kVersion)}})
      .Set(1);
}

prometheus::Counter& Metrics::requests(std::string_view endpoint, int status) {
  return requests_family_.Add(
      {{"endpoint", std::string(endpoint)}, {"status", std::to_string(status)}});
}

prometheus::Counter& Metrics::calls(std::string_view outcome) {
  return calls_family_.Add(
      {{"outcome", std::string(outcome)}, {"server", std::string(kDefaultServer)}});
}

prometheus::Counter& Metrics::dropped(std::string_view reason) {
  return dropped_family_.Add(
      {{"reason", std::string(reason)}, {"server", std::string(kDefaultServer)}});
}

prometheus::Counter& Metrics::refused(std::string_view reason) {
  return refused_family_.Add({{"reason", std::string(reason)}});
}

prometheus::Counter& Metrics::tool_calls(std::string_view tool, std::string_view outcome) {
  return tool_calls_family_.Add({{"tool", std::string(tool)},
                                 {"outcome", std::string(outcome)},
                                 {"server", std::string(kDefaultServer)}});
}

prometheus::Counter& Metrics::audit_dropped(std::string_view reason) {
  return audit_dropped_family_.Add({{"reason", std::string(reason)}});
}

std::span<const double> Metrics::call_seconds_bounds() { return kCallSeconds; }

std::vector<std::uint64_t> Metrics::calls_by_seconds() const {
  std::vector<std::uint64_t> counts;
  std::uint64_t below = 0;  // Prometheus' buckets hold what the ones before them hold
  for (const auto& bucket : call_seconds.Collect().histogram.bucket) {
    counts.push_back(bucket.cumulative_count - below);
    below = bucket.cumulative_count;
  }
  return counts;
}

std::vector<std::pair<std::string, std::uint64_t>> Metrics::refusals() const {
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  for (const prometheus::MetricFamily& family : refused_family_.Collect()) {
    for (const prometheus::ClientMetric& metric : family.metric)
      counts.emplace_back(metric.label.front().value,
                          static_cast<std::uint64_t>(metric.counter.value));
  }
  return counts;
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  for (prometheus::MetricFamily& each : process_metrics()) families.push_back(std::move(each));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace sidecar::observe
