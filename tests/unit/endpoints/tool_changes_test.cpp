#include "endpoints/rest/tool_changes.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>

#include "support/catch.hpp"

using namespace sidecar;
using endpoints::ChangedTools;
using endpoints::ToolChanges;

namespace {

struct Lines {
  std::ostringstream text;
  observe::Log log{std::make_shared<spdlog::logger>(
                       "test", std::make_shared<spdlog::sinks::ostream_sink_st>(text)),
                   observe::LogFormat::kText};

  std::size_t with(const std::string& what) const {
    std::size_t count = 0;
    const std::string all = text.str();
    for (std::size_t at = 0; (at = all.find(what, at)) != std::string::npos; ++at) ++count;
    return count;
  }
};

ToolChanges changes(std::initializer_list<const char*> keywords) {
  ToolChanges all;
  for (const char* each : keywords) all.add(each, "left out");
  return all;
}

}  // namespace

TEST_CASE("changed tools: each change of each tool is logged once") {
  Lines lines;
  ChangedTools changed(lines.log);
  changed.report("a", {});
  CHECK(lines.text.str().empty());
  changed.report("a", changes({"required", "$ref", "required"}));
  CHECK(lines.with("required: left out; $ref: left out") == 1);
  changed.report("a", changes({"required", "$ref", "oneOf"}));
  CHECK(lines.with("required") == 1);
  CHECK(lines.with("oneOf: left out") == 1);
  changed.report("b", changes({"required"}));
  CHECK(lines.with("required") == 2);
  changed.report("b", changes({"required"}));
  CHECK(lines.with("tool changed for OpenAPI and function lists") == 3);
}

TEST_CASE("changed tools: a list without an end of changes does not fill the log") {
  Lines lines;
  ChangedTools changed(lines.log);
  for (std::size_t i = 0; i < ChangedTools::kMaxKnown + 100; ++i)
    changed.report("t" + std::to_string(i), changes({"x"}));
  CHECK(lines.with("tool changed") == ChangedTools::kMaxKnown);
  CHECK(lines.with("further changed tools are not logged") == 1);
  ToolChanges many;
  for (int i = 0; i < 1000; ++i) many.add(std::to_string(i), std::string(1000, 'y'));
  CHECK(many.all().size() == ToolChanges::kMax);
  CHECK(many.count() == 1000);
}
