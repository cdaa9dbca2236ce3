#include "observe/metrics.hpp"

#include "support/catch.hpp"

TEST_CASE("metrics: the Prometheus text holds the counts") {
  sidecar::observe::Metrics metrics;
  metrics.requests("sse", 200).Increment();
  metrics.requests("sse", 200).Increment();
  metrics.calls("ok").Increment();
  metrics.dropped("junk_on_stdout").Increment();
  metrics.refused("no_key").Increment();
  metrics.sessions.Set(3);
  const std::string text = metrics.text();
  for (const char* line :
       {"mcp_sidecar_http_requests_total{endpoint=\"sse\",status=\"200\"} 2",
        "mcp_sidecar_calls_total{outcome=\"ok\"} 1",
        "mcp_sidecar_messages_dropped_total{reason=\"junk_on_stdout\"} 1",
        "mcp_sidecar_refused_total{reason=\"no_key\"} 1", "mcp_sidecar_sessions 3"}) {
    INFO(line);
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("gauge share: a gauge is the sum of its shares, and a destroyed share is withdrawn") {
  sidecar::observe::Metrics metrics;
  sidecar::observe::GaugeShare first(metrics.waiting_bytes);
  first.set(10);
  {
    sidecar::observe::GaugeShare second(metrics.waiting_bytes);
    second.set(5);
    second.set(7);
    CHECK(metrics.waiting_bytes.Value() == 17);
  }
  CHECK(metrics.waiting_bytes.Value() == 10);
}
