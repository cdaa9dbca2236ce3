#include "observe/call_sinks.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>

#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using test::Contains;

namespace {

struct World {
  void call(std::string_view tool, std::string_view outcome, Clock::duration took = 1ms,
            Clock::duration at_child = {}, std::string_view method = "tools/call") {
    sink.on_call_end({{}, caller, source, method, tool, outcome, took, 1, 1, {}, at_child}, {});
  }
  double count(std::string_view tool, std::string_view outcome) {
    return metrics.tool_calls(tool, outcome).Value();
  }

  auth::Principal caller;
  observe::CallSource source{"rest", {}, {}, {}};
  observe::Metrics metrics;
  observe::CallMetrics sink{metrics};
};

}  // namespace

TEST_CASE("call metrics: tools are counted by name and outcome") {
  World w;
  w.call("echo", "ok");
  w.call("echo", "ok");
  w.call("echo", "timeout");
  w.call("add", "tool_error");
  w.call("", "ok", 1ms, {}, "tools/list");
  CHECK(w.count("echo", "ok") == 2);
  CHECK(w.count("echo", "timeout") == 1);
  CHECK(w.count("add", "tool_error") == 1);
}

TEST_CASE("call metrics: unknown tools and tools beyond the limit are counted as \"other\"") {
  World w;
  w.call("made-up", "error");
  w.call("forbidden-one", "forbidden");
  CHECK(w.count("other", "error") == 1);
  CHECK(w.count("other", "forbidden") == 1);
  for (std::size_t i = 0; i < observe::CallMetrics::kMaxTools + 50; ++i)
    w.call("tool-" + std::to_string(i), "ok");
  CHECK(w.count("other", "ok") == 50);
  CHECK(w.count("tool-0", "ok") == 1);
}

TEST_CASE("call metrics: overhead excludes the child's time, and calls that did not reach it") {
  World w;
  w.call("echo", "ok", 3s, 3s - 20us);
  w.call("echo", "busy", 5us);
  const std::string text = w.metrics.text();
  CHECK_THAT(text, Contains("mcp_sidecar_call_seconds_count{server=\"default\"} 2\n"));
  CHECK_THAT(text, Contains("mcp_sidecar_call_seconds_bucket{server=\"default\",le=\"2.5\"} 1\n"));
  CHECK_THAT(text, Contains("mcp_sidecar_call_overhead_seconds_count{server=\"default\"} 1\n"));
  CHECK_THAT(
      text,
      Contains("mcp_sidecar_call_overhead_seconds_bucket{server=\"default\",le=\"2.5e-05\"} 1\n"));
}

TEST_CASE("call log: a line of the JSON form names the server of the call") {
  std::ostringstream out;
  auto logger = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_st>(out));
  logger->set_pattern("%v");
  observe::Log log(logger, observe::LogFormat::kJson);
  const auth::Principal caller;
  observe::CallSource source{"rest", {}, {}, {}};
  observe::CallLog sink(log);
  const auto call = [&] {
    sink.on_call_end({{}, caller, source, "tools/call", "echo", "ok", 1ms, 1, 1, {}, {}}, {});
  };
  call();
  CHECK_THAT(out.str(), Contains(R"("event":"tool call","server":"default","method":)"));
  source.server = "git";
  call();
  CHECK_THAT(out.str(), Contains(R"("event":"tool call","server":"git","method":)"));
}
