#include "config/describe.hpp"

#include <fstream>
#include <sstream>
#include <string>

#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::config;
using sidecar::test::Contains;

namespace {

std::string file_text(const std::string& name) {
  std::ifstream file(std::string(SIDECAR_SOURCE_DIR) + "/" + name, std::ios::binary);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string line_with(const std::string& text, const std::string& part) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  const auto begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

}  // namespace

TEST_CASE("describe: README.md contains the generated table (scripts/settings-docs writes it)") {
  const std::string readme = file_text("README.md");
  const std::string begin = "<!-- settings:begin -->\n";
  const auto from = readme.find(begin);
  const auto to = readme.find("<!-- settings:end -->");
  REQUIRE((from != std::string::npos && to != std::string::npos));
  CHECK(readme.substr(from + begin.size(), to - from - begin.size()) == settings_markdown());
}

TEST_CASE("describe: .env.example lists every setting with its default or its recommended value") {
  const std::string example = file_text(".env.example");
  CHECK(example == settings_dotenv());
  for (const Setting& setting : settings_table()) {
    const bool set = !setting.example.empty();
    CHECK_THAT(example, Contains((set ? "\n" : "\n#") + std::string(setting.name) + "=" +
                                 std::string(set ? setting.example : setting.initial) + "\n"));
  }
}

TEST_CASE("describe: .env.example without its # loads to the defaults and recommended values") {
  std::string text = settings_dotenv();
  for (auto at = text.find("\n#"); at != std::string::npos; at = text.find("\n#", at + 1)) {
    if (text[at + 2] != ' ') text.erase(at + 1, 1);
  }
  Sources sources;
  sources.dotenv = parse_dotenv(text, ".env.example").value();
  CHECK(sources.dotenv.pairs.size() == settings_table().size());
  const auto loaded = load(sources);
  REQUIRE(loaded);
  Settings recommended;
  recommended.sessions.streams_per_address = 10;
  recommended.access.rates.session.requests = 60;
  CHECK(loaded->settings == recommended);
  REQUIRE(loaded->warnings.size() == 1);
  CHECK_THAT(loaded->warnings.front(), Contains("set but empty") && Contains("MCP_API_KEYS"));
}

TEST_CASE("describe: the listing shows values with their sources, and no secret") {
  Sources sources;
  sources.flags["--port"] = "8080";
  sources.environment = {{"MCP_API_KEY", "hunter2"}, {"MCP_DRAIN_TIMEOUT", "8s"}};
  sources.dotenv = parse_dotenv("MCP_HOST=0.0.0.0\nMCP_COMMAND='node a\nb'", ".env").value();
  const std::string listing = config_listing(load(sources).value());
  CHECK_THAT(line_with(listing, "MCP_PORT"),
             Contains("8080") && Catch::Matchers::EndsWith("flag --port"));
  CHECK_THAT(line_with(listing, "MCP_HOST"), Catch::Matchers::EndsWith(".env line 1 MCP_HOST"));
  CHECK_THAT(line_with(listing, "MCP_API_KEYS"),
             Contains("(hidden)") && Catch::Matchers::EndsWith("environment MCP_API_KEY"));
  CHECK_THAT(line_with(listing, "MCP_MAX_BODY"),
             Contains("10MB") && Catch::Matchers::EndsWith("default"));
  CHECK_THAT(line_with(listing, "MCP_COMMAND"), Contains("node a?b"));
  CHECK_THAT(listing, Contains("warning: MCP_DRAIN_TIMEOUT") && !Contains("hunter2"));
  for (const Setting& setting : settings_table())
    CHECK_THAT(listing, Contains(std::string(setting.name)));
}

TEST_CASE("describe: credentials in URLs are masked in the listing of settings") {
  Sources sources;
  sources.command = {"npx", "server", "postgresql://u:hunter2@db/d?password=hunter2"};
  sources.environment = {{"MCP_JWT_ISSUER", "https://idp"},
                         {"MCP_JWT_JWKS", "https://idp/keys?code=hunter2"},
                         {"MCP_PUBLIC_URL", "https://mcp.example.com"}};
  const std::string listing = config_listing(load(sources).value());
  CHECK_THAT(listing, Contains("postgresql://***@db/d?***") && Contains("https://idp/keys?***") &&
                          !Contains("hunter2"));
}
