#include "observe/metrics.hpp"

#include <map>
#include <set>
#include <sstream>
#include <string>

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
        "mcp_sidecar_calls_total{outcome=\"ok\",server=\"default\"} 1",
        "mcp_sidecar_messages_dropped_total{reason=\"junk_on_stdout\",server=\"default\"} 1",
        "mcp_sidecar_refused_total{reason=\"no_key\"} 1",
        "mcp_sidecar_sessions{server=\"default\"} 3"}) {
    INFO(line);
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("metrics: all series of a family have the label server, or none has it") {
  sidecar::observe::Metrics metrics;
  metrics.calls("ok");
  metrics.dropped("junk_on_stdout");
  metrics.tool_calls("echo", "ok");
  metrics.refused("no_key");
  metrics.requests("sse", 200);
  metrics.audit_dropped("queue_full");
  std::istringstream lines(metrics.text());
  std::map<std::string, std::set<bool>> labelled;  // by name
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("mcp_sidecar_"))
      labelled[line.substr(0, line.find_first_of("{ "))].insert(line.find("server=\"default\"") !=
                                                                std::string::npos);
  }
  for (const auto& [name, answers] : labelled) {
    // A tick of the dashboard is a message of no server.
    if (name == "mcp_sidecar_messages_dropped_total") continue;
    CAPTURE(name);
    CHECK(answers.size() == 1);
  }
  for (const char* of_server : {"calls_total", "tool_calls_total", "sessions", "child_ready",
                                "call_seconds_bucket", "calls_in_flight", "peer_requests"}) {
    CAPTURE(of_server);
    CHECK(labelled[std::string("mcp_sidecar_") + of_server] == std::set{true});
  }
  for (const char* of_process : {"refused_total", "http_requests_total", "sse_streams",
                                 "audit_written_total", "buffered_bytes", "dashboard_readers"}) {
    CAPTURE(of_process);
    CHECK(labelled[std::string("mcp_sidecar_") + of_process] == std::set{false});
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
