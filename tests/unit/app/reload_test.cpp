#include "app/reload.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>

#include "app/command_line.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_folder.hpp"

using namespace sidecar;
using namespace sidecar::app;
using sidecar::test::Contains;

namespace {

// A program that was started in a folder with the given .env.
struct Started {
  explicit Started(const std::string& dotenv, config::Environment variables = {})
      : environment(std::move(variables)) {
    folder.write(".env", dotenv);
    running = read().value();
  }

  Result<Configuration> read() const {
    auto loaded = load_again({"mcp-sidecar", "--", "true"}, environment, folder.path());
    if (!loaded) return tl::unexpected(loaded.error());
    return configuration(*std::move(loaded), environment);
  }

  std::optional<Configuration> reload() {
    return app::reload(
        {running.loaded, running.child_environment, !running.loaded.settings.access.keys.empty()},
        [this] { return read(); },
        [](const Configuration& fresh) { return !fresh.loaded.settings.access.keys.empty(); }, log);
  }

  test::TemporaryFolder folder;
  config::Environment environment;
  Configuration running;
  std::ostringstream lines;
  std::shared_ptr<spdlog::logger> sink = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_st>(lines));
  observe::Log log{sink, observe::LogFormat::kText};
};

}  // namespace

TEST_CASE("reload: changed settings are logged, and those that wait for a restart") {
  Started s("MCP_RATE_LIMIT_PER_MIN=60\nMCP_PORT=3001\n");
  s.folder.write(".env", "MCP_RATE_LIMIT_PER_MIN=100/15m\nMCP_PORT=3002\n");
  const auto fresh = s.reload();
  REQUIRE(fresh);
  CHECK(s.running.loaded.settings.access.rates.session.requests == 100);
  CHECK(s.running.loaded.settings.listen.port == 3001);
  CHECK_THAT(s.lines.str(),
             Contains("setting changed setting=MCP_RATE_LIMIT_PER_MIN from=60 to=100/15m"));
  CHECK_THAT(
      s.lines.str(),
      Contains("setting waits for a restart of the sidecar setting=MCP_PORT now=3001 then=3002"));
  CHECK_THAT(s.lines.str(), Contains("settings read again file=.env changed=1 waiting=1"));
}

TEST_CASE("reload: an unusable configuration changes nothing, and the log gives the reason") {
  for (const auto& [dotenv, reason] : std::initializer_list<std::pair<const char*, const char*>>{
           {"LOG_LEVEL=debug\nMCP_RATE_LIMIT_PER_MIN=often\n",
            "MCP_RATE_LIMIT_PER_MIN=often (.env line 2)"},
           {"LOG_LEVEL=debug\nMCP_ALLOWED_IPS=10.0.0.0/99\n",
            "MCP_ALLOWED_IPS=10.0.0.0/99 (.env line 2)"},
           {"LOG_LEVEL=debug\nMCP_KEYS_FILE=/no/such/file\n", "there is no such file"},
           {"LOG_LEVEL=debug\nMCP_API_KEYS_FILE=/no/such/file\n",
            "MCP_API_KEYS_FILE (.env line 2)"},
           {"LOG_LEVEL=debug\n", "no key is configured any more"},
           {"", "no key is configured any more"}}) {
    Started s("MCP_API_KEY=very-secret-key\nLOG_LEVEL=info\n");
    s.folder.write(".env", dotenv);
    CHECK_FALSE(s.reload());
    CHECK(s.running.loaded.settings.log.level == config::LogLevel::kInfo);
    CHECK(s.running.loaded.settings.access.keys.size() == 1);
    CHECK_THAT(s.lines.str(), Contains("reload rejected; settings unchanged reason="));
    CHECK_THAT(s.lines.str(), Contains(reason));
    CHECK(s.lines.str().find("very-secret-key") == std::string::npos);
  }
}

TEST_CASE("reload: a missing .env changes nothing") {
  Started s("LOG_LEVEL=info\n");
  std::filesystem::remove(s.folder.path() / ".env");
  CHECK_FALSE(s.reload());
  CHECK_THAT(s.lines.str(),
             Contains("reload rejected; settings unchanged reason=\".env is gone\""));
}

TEST_CASE("reload: the lines appear at the more verbose of the old and the new level") {
  Started quiet("LOG_LEVEL=error\n");
  quiet.log.set_level(observe::LogLevel::kError);
  quiet.folder.write(".env", "LOG_LEVEL=info\n");
  REQUIRE(quiet.reload());
  CHECK_THAT(quiet.lines.str(), Contains("setting changed setting=LOG_LEVEL from=error to=info"));

  Started loud("LOG_LEVEL=info\n");
  loud.folder.write(".env", "LOG_LEVEL=off\n");
  REQUIRE(loud.reload());
  CHECK_THAT(loud.lines.str(), Contains("setting changed setting=LOG_LEVEL from=info to=off"));
}

TEST_CASE("reload: changed variables of the wrapped server are named without values or secrets") {
  Started s("DATABASE=one\nGONE=1\nSTAYS=1\nMCP_API_KEY=first-secret\n",
            {{"OTHER", "x"}, {"NOTIFY_SOCKET", "/run/n"}, {"NODE_CHANNEL_FD", "3"}});
  s.folder.write(".env", "DATABASE=two\nSTAYS=1\nNEW=1\nMCP_API_KEY=second-secret\n");
  const auto fresh = s.reload();
  REQUIRE(fresh);
  CHECK_THAT(s.lines.str(), Contains("variables=\"DATABASE, GONE, NEW\""));
  CHECK(s.lines.str().find("second-secret") == std::string::npos);
  CHECK(fresh->child_environment == std::vector<std::string>{"DATABASE=two", "NEW=1", "OTHER=x",
                                                             "PYTHONUNBUFFERED=1", "STAYS=1"});
}

TEST_CASE("reload: PYTHONUNBUFFERED is set for the wrapped server unless it is set already") {
  const auto variable = [](const Started& started) {
    const auto& all = started.running.child_environment;
    const auto found = std::find_if(all.begin(), all.end(), [](const std::string& each) {
      return each.starts_with("PYTHONUNBUFFERED=");
    });
    return found == all.end() ? std::string("none") : *found;
  };
  CHECK(variable(Started("")) == "PYTHONUNBUFFERED=1");
  CHECK(variable(Started("PYTHONUNBUFFERED=0\n")) == "PYTHONUNBUFFERED=0");
  CHECK(variable(Started("", {{"PYTHONUNBUFFERED", ""}})) == "PYTHONUNBUFFERED=");
}
