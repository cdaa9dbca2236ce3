#include <algorithm>
#include <map>

#include "config/sources.hpp"
#include "config/table.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace sidecar;
using namespace sidecar::config;
using namespace std::chrono_literals;

namespace {

Loaded loaded(const std::string& dotenv, Environment environment = {}) {
  Sources sources;
  sources.environment = std::move(environment);
  sources.dotenv = parse_dotenv(dotenv, ".env").value();
  auto done = load(sources);
  if (!done) FAIL(done.error().message);
  return *std::move(done);
}

// One line per change.
std::vector<std::string> told(const std::vector<Change>& changes) {
  std::vector<std::string> lines;
  for (const Change& each : changes) {
    lines.push_back(std::string(each.name) + " " + each.before + " -> " + each.after +
                    (each.taken_over ? "" : ", waits"));
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("reload: reloadable settings are taken over with their source, all others wait") {
  Loaded running = loaded("LOG_LEVEL=info\nMCP_MAX_BODY=1MB\n");
  const Loaded fresh = loaded("LOG_LEVEL=debug\nMCP_MAX_BODY=2MB\nMCP_RATE_LIMIT_PER_MIN=60\n");
  CHECK(told(take_over(running, fresh)) == Lines{"MCP_RATE_LIMIT_PER_MIN off -> 60",
                                                 "MCP_MAX_BODY 1MB -> 2MB, waits",
                                                 "LOG_LEVEL info -> debug"});
  CHECK(running.settings.log.level == LogLevel::kDebug);
  CHECK(running.settings.access.rates.session == Rate{60, 60s});
  CHECK(running.settings.http.body_bytes == 1 << 20);
  CHECK(running.origin("MCP_RATE_LIMIT_PER_MIN").describe() ==
        ".env line 3 MCP_RATE_LIMIT_PER_MIN");
  CHECK(running.origin("MCP_MAX_BODY").text == "1MB");
  // The second reload reports only the settings that still wait.
  CHECK(told(take_over(running, fresh)) == Lines{"MCP_MAX_BODY 1MB -> 2MB, waits"});
}

TEST_CASE("reload: a setting that is removed from .env returns to its default") {
  Loaded running = loaded("MCP_DENIED_TOOLS=a,b\nMCP_READ_ONLY=true\nMCP_ALLOWED_IPS=10.0.0.0/8\n");
  CHECK(told(take_over(running, loaded(""))) == Lines{"MCP_DENIED_TOOLS a,b -> ",
                                                      "MCP_READ_ONLY true -> false",
                                                      "MCP_ALLOWED_IPS 10.0.0.0/8 -> *"});
  CHECK(running.settings == Settings{});
}

TEST_CASE("reload: another spelling of the same value is not a change") {
  Loaded running = loaded("MCP_SESSION_TIMEOUT=30m\nMCP_CALL_TIMEOUT=5m\nMCP_RESTART_WEDGED=yes\n");
  const Loaded fresh =
      loaded("MCP_SESSION_TIMEOUT=1800000\nMCP_CALL_TIMEOUT=300s\nMCP_RESTART_WEDGED=true\n");
  CHECK(take_over(running, fresh).empty());
  CHECK(take_over(running, loaded("MCP_RESTART_WEDGED=on\n")).empty());
}

TEST_CASE("reload: a changed secret is reported without its value") {
  Loaded running = loaded("MCP_API_KEYS=a:first-secret\n");
  CHECK(told(take_over(running, loaded("MCP_API_KEYS=a:second-secret\n"))) ==
        Lines{"MCP_API_KEYS (hidden) -> (hidden)"});
  REQUIRE(running.settings.access.keys.size() == 1);
  CHECK(running.settings.access.keys[0].secret == "second-secret");
}

TEST_CASE("reload: the process environment still wins, so a changed .env may change nothing") {
  const Environment environment{{"LOG_LEVEL", "warn"}};
  Loaded running = loaded("", environment);
  CHECK(take_over(running, loaded("LOG_LEVEL=debug\n", environment)).empty());
}

TEST_CASE("reload: a change of a setting that applies on reload is detected and applied") {
  // A value other than the default, for each reloadable setting.
  const std::map<std::string_view, std::string> others = {{"MCP_API_KEYS", "a:0123456789abcdef"},
                                                          {"MCP_CORS_ORIGINS", "https://a.example"},
                                                          {"MCP_ALLOWED_HOSTS", "a.example"},
                                                          {"MCP_MAX_SESSIONS_PER_KEY", "7"},
                                                          {"MCP_ALLOWED_IPS", "192.0.2.1"},
                                                          {"MCP_TRUSTED_PROXIES", "192.0.2.1"},
                                                          {"LOG_LEVEL", "debug"},
                                                          {"MCP_SESSION_TIMEOUT", "7m"},
                                                          {"MCP_DRAIN_TIMEOUT", "3s"},
                                                          {"MCP_MAX_CONNECTIONS", "7"},
                                                          {"MCP_MAX_CONNECTIONS_PER_IP", "7"}};
  std::size_t count = 0;
  for (const Setting& setting : settings_table()) {
    if (setting.applies != Applies::kOnReload) continue;
    ++count;
    const auto given = others.find(setting.name);
    const std::string other = given != others.end()            ? given->second
                              : setting.value.empty()          ? "true"
                              : setting.group == Group::kRates ? "7/7m"
                                                               : "x*";
    INFO(setting.name);
    Loaded running = loaded("");
    const Loaded fresh = loaded(std::string(setting.name) + "=" + other + "\n");
    const auto changes = take_over(running, fresh);
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].name == setting.name);
    CHECK(changes[0].taken_over);
    CHECK(running.settings == fresh.settings);
  }
  CHECK(count == 27);
}
