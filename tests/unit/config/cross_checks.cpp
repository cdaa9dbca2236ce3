#include "config/cross_checks.hpp"

#include "config/sources.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::config;

namespace {
Result<Loaded> with(Environment environment) {
  Sources sources;
  sources.environment = std::move(environment);
  return load(sources);
}
}  // namespace

TEST_CASE("cross checks: a limit that another makes unreachable is refused with both and their sources") {
  CHECK(with({{"MCP_MAX_BODY", "20MB"}}).error().message ==
        "MCP_MAX_BODY=20MB (environment) is more than MCP_STDIN_QUEUE=16MB (default): the largest message "
        "could never "
        "reach the wrapped server");
  CHECK(with({{"MCP_MAX_BODY", "20MB"}, {"MCP_STDIN_QUEUE", "20MB"}}));
  CHECK_FALSE(with({{"MCP_MAX_BUFFERED", "5MB"}}));
  CHECK_FALSE(with({{"MCP_MAX_HEAD", "128KB"}, {"MCP_MAX_BUFFERED", "64KB"}, {"MCP_MAX_BODY", "1KB"}}));
  CHECK_FALSE(with({{"MCP_CALL_TIMEOUT", "2h"}}));
  CHECK_FALSE(with({{"MCP_RESTART_DELAY", "1m"}}));
}

TEST_CASE("cross checks: a shutdown longer than Docker grants is a warning") {
  CHECK(with({{"MCP_DRAIN_TIMEOUT", "6500"}})->warnings.empty());
  const auto loaded = with({{"MCP_DRAIN_TIMEOUT", "6501"}});
  REQUIRE(loaded->warnings.size() == 1);
  CHECK_THAT(loaded->warnings.front(), test::Contains("make 9501ms together"));
}
