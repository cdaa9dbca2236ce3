#include "config/table.hpp"

#include <map>
#include <set>
#include <string>

#include "config/masked_urls.hpp"
#include "config/sources.hpp"
#include "support/catch.hpp"

using namespace sidecar;
using namespace sidecar::config;
using Catch::Matchers::StartsWith;

namespace {

// A value that the setting must refuse.
const std::map<std::string, std::vector<std::string>> kWrong = {
    {"MCP_COMMAND", {"node 'x", " ", "''"}},
    {"MCP_HOST", {"a b", "*", "http://localhost"}},
    {"MCP_PORT", {"abc", "-1", "65536", "80 80", "3001/tcp"}},
    {"MCP_PUBLIC_URL", {"mcp.example.com", "https://a?b"}},
    {"MCP_MESSAGE_PATH", {"message", "/messages/", "/sse"}},
    {"MCP_API_KEYS", {",", "bad name:key"}},
    {"MCP_ADMIN_KEY", {" key", "a\nb"}},
    {"MCP_AUDIT_DB", {"audit.db", "mysql://h/d", "sqlite:"}},
    {"MCP_AUDIT_ARGUMENTS", {"some", "true"}},
    {"MCP_AUDIT_HASH_KEY", {"short"}},
    {"MCP_AUDIT_REQUIRED", {"maybe"}},
    {"MCP_DASHBOARD", {"maybe"}},
    {"MCP_SESSION_REVIVE", {"1w", "400d"}},
    {"MCP_SECRET", {"short", "a secret that is long enough,short", ","}},
    {"MCP_STATE_DIR", {"\"/var/lib\""}},
    {"MCP_STATELESS", {"maybe"}},
    {"MCP_ALLOW_DEBUGGER", {"maybe"}},
    {"MCP_AUDIT_SPOOL", {"'a path'"}},
    {"MCP_AUDIT_SPOOL_LIMIT", {"0", "1KB", "off"}},
    {"MCP_AUDIT_QUEUE", {"0", "1KB", "off"}},
    {"MCP_AUDIT_KEEP_DAYS", {"-1", "90d", "36501"}},
    {"MCP_AUDIT_MAX_SIZE", {"1KB", "much"}},
    {"MCP_KEYS_FILE", {"'keys.json'"}},
    {"MCP_JWT_ISSUER", {"as.example", "https://as.example?x"}},
    {"MCP_JWT_JWKS", {"'jwks.json'", "https://as.example/#keys"}},
    {"MCP_JWT_AUDIENCE", {","}},
    {"MCP_JWT_SCOPES", {"mcp:use mcp:read", "a\"b"}},
    {"MCP_ALLOW_QUERY_KEY", {"maybe"}},
    {"MCP_ALLOWED_TOOLS", {",", "'get_*'"}},
    {"MCP_DENIED_TOOLS", {",", "\"drop\""}},
    {"MCP_ALLOWED_RESOURCES", {","}},
    {"MCP_DENIED_RESOURCES", {","}},
    {"MCP_ALLOWED_PROMPTS", {","}},
    {"MCP_DENIED_PROMPTS", {","}},
    {"MCP_READ_ONLY", {"maybe"}},
    {"MCP_CORS_ORIGINS", {"example.com", "https://*.example.com"}},
    {"MCP_ALLOWED_HOSTS",
     {",", "https://mcp.example.com", "*.*.example.com", "a.*", "mcp.example.com/x"}},
    {"MCP_TRUSTED_PROXIES", {"10.0.0.0/33", "*", "traefik"}},
    {"MCP_OPEN_ADMIN", {"maybe"}},
    {"MCP_PASS_SECRETS", {"maybe"}},
    {"MCP_MAX_CONNECTIONS", {"0", "many", "1000001"}},
    {"MCP_MAX_CONNECTIONS_PER_IP", {"-1", "none", "1000001"}},
    {"MCP_MAX_SESSIONS_PER_KEY", {"-1", "none", "1000001"}},
    {"MCP_STREAM_AFTER", {"61m", "-1s"}},
    {"MCP_SESSIONS", {"own", "2"}},
    {"MCP_INSTANCES", {"0", "1001"}},
    {"MCP_MAX_INSTANCES", {"-1", "10001"}},
    {"MCP_MAX_INSTANCES_PER_OWNER", {"-1", "x"}},
    {"MCP_WARM_INSTANCES", {"-1", "1001"}},
    {"MCP_ALLOW_CLIENT_ROOTS", {"maybe"}},
    {"MCP_RESTART_DRAIN", {"25h", "x"}},
    {"MCP_RESTART_WEDGED", {"maybe"}},
    {"MCP_PROBE_TIMEOUT", {"5", "61m"}},
    {"MCP_WEDGED_AFTER", {"5", "25h"}},
    {"MCP_SESSION_TIMEOUT", {"30", "31d", "0", "1000h"}},
    {"MCP_KEEPALIVE_INTERVAL", {"30", "25h", "soon"}},
    {"MCP_STREAM_QUEUE", {"8", "8XB", "17GB"}},
    {"MCP_STREAM_STALL", {"0", "never"}},
    {"MCP_MAX_HEAD", {"16", "17MB"}},
    {"MCP_MAX_BODY", {"10", "3GB", "ten"}},
    {"MCP_RECEIVE_TIMEOUT", {"30", "2h"}},
    {"MCP_IDLE_CONNECTION", {"1", "25h"}},
    {"MCP_MAX_BUFFERED", {"1KB", "all"}},
    {"MCP_MAX_TCP_CONNECTIONS", {"0", "1e4"}},
    {"MCP_MAX_TCP_CONNECTIONS_PER_IP", {"0", "-5"}},
    {"MCP_MAX_CALLS_PER_SESSION", {"0", "x"}},
    {"MCP_MAX_CALLS", {"0", "x"}},
    {"MCP_CALL_TIMEOUT", {"5", "8000000000"}},
    {"MCP_CALL_TIMEOUT_TOTAL", {"5", "169h"}},
    {"MCP_REST_TIMEOUT", {"30", "thirty"}},
    {"MCP_HANDSHAKE_TIMEOUT", {"60", "61m"}},
    {"MCP_CHILD_LOG_LIMIT", {"2GB", "-1", "x"}},
    {"MCP_MAX_LINE", {"64", "2GB"}},
    {"MCP_STDIN_QUEUE", {"16", "17GB"}},
    {"MCP_STDIN_CLOSE_GRACE", {"61m", "-1s"}},
    {"MCP_TERM_GRACE", {"61m", "x"}},
    {"MCP_KEEP_DESCENDANTS", {"maybe"}},
    {"MCP_ALLOWED_IPS", {"10.0.0.0/33", "none", "localhost"}},
    {"MCP_RATE_LIMIT_PER_MIN", {"-1", "60/", "60/m", "60/1", "1000001"}},
    {"MCP_RATE_LIMIT_PER_KEY", {"many"}},
    {"MCP_RATE_LIMIT_PER_IP", {"60/25h"}},
    {"MCP_FAILED_KEYS_LIMIT", {"/1m"}},
    {"MCP_CHILD_RATE_LIMIT", {"60 a minute"}},
    {"MCP_RESTART_DELAY", {"61m", "x"}},
    {"MCP_RESTART_DELAY_MAX", {"61m", "x"}},
    {"MCP_DRAIN_TIMEOUT", {"61m", "x"}},
    {"LOG_LEVEL", {"loud", "5"}},
    {"MCP_LOG_FORMAT", {"xml"}},
    {"MCP_DEBUG_REQUESTS", {"2", "verbose"}},
};

Sources with_environment(const std::string& name, const std::string& value) {
  Sources sources;
  sources.environment.emplace(name, value);
  return sources;
}

}  // namespace

TEST_CASE("table: the defaults equal those of Settings") {
  for (const Setting& setting : settings_table()) {
    if (setting.initial.empty()) continue;
    Settings settings;
    CAPTURE(setting.name);
    REQUIRE(setting.field.parse(setting.name, setting.initial, settings));
    CHECK(settings == Settings{});
  }
}

TEST_CASE("table: names and flags are unique, and each description is one line") {
  std::set<std::string_view> names;
  std::set<std::string_view> flags;
  const auto fresh = [&names](std::string_view name) {
    return name.empty() || names.insert(name).second;
  };
  for (const Setting& setting : settings_table()) {
    CAPTURE(setting.name);
    CHECK((fresh(setting.name) && fresh(setting.aliases[0]) && fresh(setting.aliases[1])));
    CHECK(flags.insert(setting.flag).second);
    CHECK(setting.flag.starts_with("--"));
    CHECK_FALSE(setting.help.empty());
    CHECK(setting.help.find_first_of("\n|") == std::string_view::npos);
  }
}

TEST_CASE("table: every setting refuses a wrong value in one line with name, value and source") {
  for (const Setting& setting : settings_table()) {
    const std::string name(setting.name);
    CAPTURE(name);
    REQUIRE(kWrong.contains(name));
    for (const std::string& value : kWrong.at(name)) {
      CAPTURE(value);
      const auto loaded = load(with_environment(name, value));
      REQUIRE_FALSE(loaded);
      const std::string given =
          setting.secret == Secret::kYes
              ? name
              : name + "=" +
                    (setting.secret == Secret::kInUrl ? masked_url(value) : masked_urls(value));
      CHECK_THAT(loaded.error().message, StartsWith(given + " (environment): "));
      CHECK(loaded.error().message.find('\n') == std::string::npos);
      CHECK(loaded.error().message.size() >
            given.size() + std::string_view(" (environment): ").size());
    }
  }
}

TEST_CASE("table: every further name of a setting sets the same value") {
  const std::map<std::string, std::string> values = {{"MCP_HOST", "0.0.0.0"},
                                                     {"MCP_PORT", "8080"},
                                                     {"MCP_API_KEYS", "k1"},
                                                     {"MCP_CORS_ORIGINS", "http://a"},
                                                     {"MCP_MAX_CONNECTIONS", "7"},
                                                     {"MCP_MAX_CONNECTIONS_PER_IP", "9"},
                                                     {"MCP_ALLOWED_IPS", "10.0.0.0/8"},
                                                     {"MCP_RATE_LIMIT_PER_MIN", "60"},
                                                     {"MCP_RATE_LIMIT_PER_KEY", "100/15m"},
                                                     {"MCP_SESSION_TIMEOUT", "60000"},
                                                     {"MCP_KEEPALIVE_INTERVAL", "5000"},
                                                     {"MCP_DEBUG_REQUESTS", "true"}};
  std::size_t aliases = 0;
  for (const Setting& setting : settings_table()) {
    for (const std::string_view alias : setting.aliases) {
      if (alias.empty()) continue;
      ++aliases;
      const std::string name(setting.name);
      CAPTURE(name, alias);
      REQUIRE(values.contains(name));
      const auto read_from = [&](const std::string& variable) {
        Sources all = with_environment(variable, values.at(name));
        all.environment["MCP_MESSAGE_PATH"] = "/message";  // this default depends on an alias
        return load(all);
      };
      const auto own = read_from(name);
      const auto other = read_from(std::string(alias));
      REQUIRE((own && other));
      CHECK(own->settings == other->settings);
      CHECK_FALSE(own->settings == Settings{});
      CHECK(other->origin(name).describe() == "environment " + std::string(alias));
    }
  }
  CHECK(aliases == 16);
}

TEST_CASE("table: the level names of other loggers are accepted") {
  const auto [word, level] = GENERATE(table<std::string, LogLevel>({{"WARNING", LogLevel::kWarn},
                                                                    {"verbose", LogLevel::kDebug},
                                                                    {"silly", LogLevel::kTrace},
                                                                    {"http", LogLevel::kInfo},
                                                                    {"fatal", LogLevel::kError},
                                                                    {"silent", LogLevel::kOff},
                                                                    {"Info", LogLevel::kInfo}}));
  CHECK(load(with_environment("LOG_LEVEL", word))->settings.log.level == level);
}
