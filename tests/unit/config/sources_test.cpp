#include "config/sources.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_folder.hpp"

using namespace sidecar;
using namespace sidecar::config;
using sidecar::test::Contains;
using std::chrono::milliseconds;

namespace {

Sources sources(Environment environment, std::string_view dotenv = "") {
  Sources all;
  all.environment = std::move(environment);
  if (!dotenv.empty()) all.dotenv = parse_dotenv(dotenv, ".env").value();
  return all;
}

Loaded loaded_from(const Sources& all) {
  auto result = load(all);
  INFO((result ? "" : result.error().message));
  REQUIRE(result);
  return *std::move(result);
}

Loaded loaded(Environment environment, std::string_view dotenv = "") {
  return loaded_from(sources(std::move(environment), dotenv));
}

std::string error_from(const Sources& all) {
  const auto result = load(all);
  REQUIRE_FALSE(result);
  return result.error().message;
}

std::string error_of(Environment environment, std::string_view dotenv = "") {
  return error_from(sources(std::move(environment), dotenv));
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::string one_warning(const Loaded& loaded) {
  REQUIRE(loaded.warnings.size() == 1);
  return loaded.warnings.front();
}

std::vector<std::string> secrets_of(const Settings& settings) {
  std::vector<std::string> secrets;
  for (const Key& key : settings.access.keys) secrets.push_back(key.secret);
  return secrets;
}

}  // namespace

TEST_CASE("sources: without any source every setting has its default") {
  const Loaded nothing = loaded({});
  CHECK(nothing.settings == Settings{});
  CHECK(nothing.warnings.empty());
  CHECK(nothing.origins.size() == settings_table().size());
  CHECK(nothing.origin("MCP_PORT").describe() == "default");
  CHECK(nothing.dotenv_file.empty());
}

TEST_CASE("sources: precedence is flag, environment, .env, default") {
  Sources all = sources({{"MCP_PORT", "2"}}, "MCP_PORT=3\nMCP_HOST=::1\n");
  all.flags["--port"] = "1";
  Loaded result = loaded_from(all);
  CHECK(result.settings.listen.port == 1);
  CHECK(result.origin("MCP_PORT").describe() == "flag --port");
  CHECK(result.settings.listen.host == "::1");
  CHECK(result.origin("MCP_HOST").describe() == ".env line 2 MCP_HOST");

  all.flags.clear();
  result = loaded_from(all);
  CHECK(result.settings.listen.port == 2);
  CHECK(result.origin("MCP_PORT").describe() == "environment MCP_PORT");
}

TEST_CASE("sources: the own name wins over a further name, with a warning if they differ") {
  const Loaded result = loaded({{"PORT", "1"}, {"MCP_PORT", "2"}});
  CHECK(result.settings.listen.port == 2);
  CHECK(result.warnings ==
        std::vector<std::string>{
            "MCP_PORT (environment) wins over PORT (environment), which has another value"});
  CHECK(loaded({{"PORT", "2"}, {"MCP_PORT", "2"}}).warnings.empty());
  CHECK(loaded({{"SDP_HTTP_PORT", "3"}, {"PORT", "4"}}).settings.listen.port == 4);
}

TEST_CASE(
    "sources: a further name in the environment wins over the own name in .env, with a warning") {
  const Loaded result = loaded({{"PORT", "1"}}, "MCP_PORT=2\n");
  CHECK(result.settings.listen.port == 1);
  CHECK(result.warnings ==
        std::vector<std::string>{
            "PORT (environment) wins over MCP_PORT (.env line 1), which has another value"});
}

TEST_CASE("sources: one warning names all variables of .env that the environment overrides") {
  const Loaded result = loaded({{"A", "1"}, {"B", "x"}, {"MCP_API_KEY", "secret-1"}, {"PORT", "5"}},
                               "A=1\nB=y\nMCP_API_KEY=secret-2\nPORT=6\nC=z\n");
  REQUIRE(result.warnings.size() == 2);
  CHECK_THAT(result.warnings.front(),
             Contains("the process environment wins over .env") &&
                 Catch::Matchers::EndsWith("has other values for: B, MCP_API_KEY, PORT"));
  for (const std::string& warning : result.warnings) CHECK_THAT(warning, !Contains("secret-"));
  CHECK(result.settings.listen.port == 5);
}

TEST_CASE("sources: an empty variable counts as not set, so it cannot open the server") {
  const Loaded result = loaded({{"MCP_API_KEY", ""}, {"MCP_HOST", ""}}, "MCP_API_KEY=k\n");
  CHECK(secrets_of(result.settings) == std::vector<std::string>{"k"});
  CHECK(result.settings.listen.host == "127.0.0.1");
}

TEST_CASE("sources: secrets in files that the wrapped server can read cause a warning") {
  const auto warning = [](const Sources& all) { return one_warning(loaded_from(all)); };
  CHECK_THAT(warning(sources({}, "MCP_API_KEY=k\nMCP_AUDIT_HASH_KEY=0123456789abcdef\n")),
             Contains("can read secrets in .env (MCP_API_KEY, MCP_AUDIT_HASH_KEY): ") &&
                 !Contains("0123"));
  CHECK_THAT(warning(sources({{"MCP_API_KEY", "k"}}, "SDP_API_KEYS=k\n")),
             Contains(".env (SDP_API_KEYS)"));
  const test::TemporaryFolder folder;
  Sources in_file = sources({{"MCP_API_KEYS_FILE", folder.write("keys", "k")}});
  CHECK_THAT(warning(in_file), Contains("in the file that MCP_API_KEYS_FILE names: "));
  in_file.flags["--audit-hash-key-file"] = folder.write("hash", "0123456789abcdef");
  CHECK_THAT(warning(in_file),
             Contains("MCP_API_KEYS_FILE names and the file that --audit-hash-key-file names"));
}

TEST_CASE("sources: addresses without a password, empty keys and passed secrets cause no warning") {
  CHECK(loaded({{"MCP_API_KEY", "k"}}).warnings.empty());
  CHECK(loaded({}, "MCP_AUDIT_HASH_KEY=\nMCP_AUDIT_DB=sqlite:a.db\nTOKEN=t\n").warnings.empty());
  CHECK(loaded({}, "MCP_API_KEY=k\nMCP_PASS_SECRETS=true\n").warnings.empty());
  CHECK(loaded({}, "MCP_AUDIT_DB=postgresql://u:p@h/d\n").warnings.size() == 1);
}

TEST_CASE("sources: secrets in a .env that every user can read cause a warning with a remedy") {
  const test::TemporaryFolder folder;
  Sources all = sources({}, "MCP_API_KEY=k\n");
  all.working_directory = folder.path();
  const auto file = folder.write(".env", "MCP_API_KEY=k\n");
  const auto warnings = [&](std::filesystem::perms mode) {
    std::filesystem::permissions(file, mode);
    return loaded_from(all).warnings;
  };
  CHECK(warnings(std::filesystem::perms(0600)).size() == 1);
  CHECK(warnings(std::filesystem::perms(0644)).front() ==
        ".env holds secrets, and every user of this machine can read it: chmod o-rwx .env");
}

TEST_CASE("sources: credentials in the URL of a setting are not shown by its error") {
  CHECK_THAT(error_of({{"MCP_PUBLIC_URL", "https://u:hunter2@mcp.example.com/?key=hunter2"}}),
             Contains("MCP_PUBLIC_URL=https://***@mcp.example.com/?*** (environment): ") &&
                 !Contains("hunter2"));
  CHECK_THAT(error_of({{"MCP_CORS_ORIGINS", "https://u:hunter2@app.example.com"}}),
             !Contains("hunter2"));
  CHECK_THAT(error_of({{"MCP_ALLOWED_IPS", "https://u:hunter2@10.0.0.1"}}), !Contains("hunter2"));
  CHECK_THAT(error_of({{"MCP_ALLOWED_HOSTS", "https://u:hunter2@h"}}), !Contains("hunter2"));
}

TEST_CASE("sources: a credential that is set but empty is warned of while no key is needed") {
  for (const char* name :
       {"MCP_API_KEYS", "MCP_API_KEY", "SDP_API_KEYS", "MCP_ADMIN_KEY", "MCP_KEYS_FILE",
        "MCP_JWT_ISSUER", "MCP_API_KEYS_FILE", "MCP_API_KEY_FILE", "MCP_ADMIN_KEY_FILE"}) {
    CAPTURE(name);
    const Loaded by_environment = loaded({{name, ""}});
    CHECK_FALSE(by_environment.settings.access.needs_key());
    CHECK(one_warning(by_environment) ==
          "set but empty, which counts as not set, so that no key is needed: " + std::string(name) +
              " (environment)");
    CHECK_THAT(one_warning(loaded({}, "A=b\n" + std::string(name) + "=\n")),
               Contains(std::string(name) + " (.env line 2)"));
    const Loaded closed = loaded({{name, ""}, {"MCP_ADMIN_KEY_FILE", ""}, {"MCP_API_KEY", "k"}});
    if (std::string_view(name) != "MCP_API_KEY") CHECK(closed.warnings.empty());
  }
  CHECK(loaded({{"MCP_AUDIT_HASH_KEY", ""}, {"PORT", ""}}).warnings.empty());
  CHECK_THAT(one_warning(loaded({{"MCP_API_KEYS", ""}, {"MCP_ADMIN_KEY", ""}})),
             Contains("MCP_API_KEYS (environment), MCP_ADMIN_KEY (environment)"));
}

TEST_CASE("sources: an empty flag of a credential is refused") {
  for (const char* flag : {"--api-keys", "--admin-key", "--keys-file", "--jwt-issuer"}) {
    for (const char* value : {"", " "}) {
      Sources all;
      all.flags = {{flag, value}};
      CHECK_THAT(error_from(all), Contains(std::string(flag) + " (command line)") ||
                                      Contains(std::string(flag) + "= (command line)") ||
                                      Contains(std::string(flag) + "=  (command line)"));
    }
  }
  CHECK_THAT(error_of({{"MCP_KEYS_FILE", " "}}), Contains("names no file"));
}

TEST_CASE("sources: a wrong value is an error with its source") {
  CHECK(error_of({{"MCP_PORT", "abc"}}) ==
        "MCP_PORT=abc (environment): not a port number (0–65535)");
  CHECK(error_of({}, "\n\nPORT=abc\n") == "PORT=abc (.env line 3): not a port number (0–65535)");
  Sources all;
  all.flags["--port"] = "abc";
  CHECK(error_from(all) == "--port=abc (command line): not a port number (0–65535)");
  all.flags["--port"] = "";
  CHECK(error_from(all) == "--port (command line): not a port number (0–65535)");
  CHECK(error_of({{"MCP_PORT", "a\nb"}}) ==
        "MCP_PORT=a?b (environment): not a port number (0–65535)");
}

TEST_CASE("sources: a wrong secret is refused without showing it, whatever its source") {
  CHECK(error_of({{"MCP_API_KEYS", "bad name:hunter2"}}).find("hunter2") == std::string::npos);
  CHECK_THAT(error_of({}, "MCP_API_KEYS=bad name:hunter2"),
             Contains("MCP_API_KEYS (.env line 1): ") && !Contains("hunter2"));
  Sources all;
  all.flags["--api-keys"] = "bad name:hunter2";
  CHECK_THAT(error_from(all), Contains("--api-keys (command line): ") && !Contains("hunter2"));
}

TEST_CASE(
    "sources: a secret in quotes is refused with the reason, whichever and from where it is") {
  const test::TemporaryFolder folder;
  const auto check_refused = [](const std::string& error, const std::string& what) {
    CAPTURE(error, what);
    CHECK_THAT(error, Contains(what) && Contains(" is in quotes, which would be part of it") &&
                          !Contains("hunter2"));
  };
  for (const Setting& setting : settings_table()) {
    if (setting.secret != Secret::kYes) continue;
    for (const std::string value : {"'hunter2-hunter2-hunter2'", "\"hunter2-hunter2-hunter2\"",
                                    "`hunter2,b:hunter2,hunter2`"}) {
      for (const std::string_view each : {setting.name, setting.aliases[0], setting.aliases[1]}) {
        const std::string name(each);
        if (!name.empty()) check_refused(error_of({{name, value}}), name);
      }
      const std::string in_file = std::string(setting.name) + "_FILE";
      check_refused(error_of({{in_file, folder.write("f", value + "\r\n")}}), in_file);
    }
  }
  check_refused(error_of({{"MCP_API_KEYS_FILE", "'/hunter2'"}}), "the path");
  check_refused(error_of({{"SDP_USE_AUDIT_LOG", "true"},
                          {"SDP_DB_HOST", "db"},
                          {"SDP_DB_PASSWORD", "\"hunter2\""}}),
                "SDP_DB_PASSWORD: the value");
  // The quotes of a .env file are its own.
  CHECK(secrets_of(loaded({}, "MCP_API_KEY='k'\n").settings) == std::vector<std::string>{"k"});
  check_refused(error_of({}, "MCP_API_KEY='\"hunter2\"'\n"), "MCP_API_KEY (.env line 1)");
}

TEST_CASE("sources: a byte order mark at the begin of a secret file is no part of the secret") {
  const test::TemporaryFolder folder;
  const auto file = folder.write("key", "\xEF\xBB\xBFk\n");
  CHECK(secrets_of(loaded({{"MCP_API_KEY_FILE", file}}).settings) == std::vector<std::string>{"k"});
  CHECK(secrets_of(loaded({{"MCP_API_KEYS_FILE", file}}).settings) ==
        std::vector<std::string>{"k"});
  CHECK_THAT(error_of({{"MCP_API_KEY_FILE", folder.write("wide", "\xFF\xFEk")}}),
             Contains("the file is UTF-16 text: save it as UTF-8"));
}

TEST_CASE("sources: variables in MCP_COMMAND are read, and their values are not shown") {
  const Loaded result = loaded({{"MCP_COMMAND", "TOKEN=hunter2 node x.js"}});
  CHECK(result.settings.command == Command{{"TOKEN=hunter2"}, {"node", "x.js"}});
  CHECK(result.origin("MCP_COMMAND").masked_text() == "TOKEN=*** node x.js");
  CHECK_THAT(error_of({{"MCP_COMMAND", "TOKEN=hunter2 node | tee"}}),
             Contains("MCP_COMMAND=TOKEN=*** node | tee (environment): the word | is an operator"));
  CHECK_THAT(error_of({{"MCP_COMMAND", "TOKEN='hunter2 node"}}), !Contains("hunter2"));
  Sources all;
  all.flags["--stdio"] = "TOKEN=hunter2 'a";
  CHECK_THAT(error_from(all), Contains("--stdio=TOKEN=***") && !Contains("hunter2"));
}

TEST_CASE(
    "sources: the words after -- are taken as they are, whatever a shell would make of them") {
  Sources all;
  all.command = {"A=b", "$HOME", "&&", ">", "`x`", "y;"};
  const Loaded result = loaded_from(all);
  CHECK(result.settings.command == Command{{}, all.command});
  CHECK(result.warnings.empty());
}

TEST_CASE("sources: MCP_API_KEY is one whole key, the others are lists") {
  CHECK(secrets_of(loaded({{"MCP_API_KEY", "a:b,c"}}).settings) ==
        std::vector<std::string>{"a:b,c"});
  CHECK(secrets_of(loaded({{"MCP_API_KEYS", "a:b,c"}}).settings) ==
        std::vector<std::string>{"b", "c"});
  CHECK(secrets_of(loaded({{"SDP_API_KEYS", "secure-key-1,secure-key-2"}}).settings) ==
        std::vector<std::string>{"secure-key-1", "secure-key-2"});
  const Loaded both = loaded({{"MCP_API_KEYS", "new"}, {"MCP_API_KEY", "old"}});
  CHECK(secrets_of(both.settings) == std::vector<std::string>{"new"});
  CHECK(both.warnings.size() == 1);
}

TEST_CASE("sources: a secret may come from a file") {
  const test::TemporaryFolder folder;
  folder.write("one", "a:b,c\n");
  folder.write("many", "alice:k1\nbob:k2\n");
  CHECK(secrets_of(loaded({{"MCP_API_KEY_FILE", folder.path() / "one"}}).settings) ==
        std::vector<std::string>{"a:b,c"});
  const Loaded many = loaded({{"MCP_API_KEYS_FILE", folder.path() / "many"}});
  CHECK(secrets_of(many.settings) == std::vector<std::string>{"k1", "k2"});
  CHECK(many.origin("MCP_API_KEYS").describe() == "environment MCP_API_KEYS_FILE");

  Sources all;
  all.working_directory = folder.path();
  all.flags["--api-keys-file"] = "many";
  CHECK(secrets_of(loaded_from(all).settings) == std::vector<std::string>{"k1", "k2"});
}

TEST_CASE("sources: the error for an unreadable secret file does not show the given path") {
  const std::string message = error_of({{"MCP_API_KEY_FILE", "/hunter2"}});
  CHECK(message ==
        "MCP_API_KEY_FILE (environment): the file cannot be read: No such file or directory");
  const test::TemporaryFolder folder;
  CHECK_THAT(error_of({{"MCP_API_KEY_FILE", folder.path()}}), Contains("the file is a directory"));
  folder.write("empty", "");
  CHECK_THAT(error_of({{"MCP_API_KEYS_FILE", folder.path() / "empty"}}), Contains("holds no key"));
}

TEST_CASE(
    "sources: a secret given both as value and as file causes a warning, and the value counts") {
  const test::TemporaryFolder folder;
  const auto file = folder.write("key", "other");
  const Loaded result = loaded({{"MCP_API_KEYS", "k"}, {"MCP_API_KEYS_FILE", file}});
  CHECK(secrets_of(result.settings) == std::vector<std::string>{"k"});
  REQUIRE(result.warnings.size() == 1);
  CHECK_THAT(result.warnings.front(),
             Contains("MCP_API_KEYS (environment) wins over MCP_API_KEYS_FILE (environment)"));
}

TEST_CASE("sources: keys on the command line cause a warning") {
  Sources all;
  all.flags["--api-keys"] = "k";
  const Loaded result = loaded_from(all);
  REQUIRE(result.warnings.size() == 1);
  CHECK_THAT(result.warnings.front(),
             Contains("--api-keys") && Contains("MCP_API_KEYS or --api-keys-file is better"));
}

TEST_CASE("sources: the words after -- win over MCP_COMMAND") {
  Sources all = sources({{"MCP_COMMAND", "node 'a b.js'"}});
  CHECK(loaded_from(all).settings.command.words == std::vector<std::string>{"node", "a b.js"});
  all.command = {"npx", "-y", "x y"};
  const Loaded result = loaded_from(all);
  CHECK(result.settings.command.words == all.command);
  CHECK(result.origin("MCP_COMMAND").describe() == "command line");
  all.command = {""};
  CHECK_THAT(error_from(all), Contains("names no program"));
}

TEST_CASE("sources: the Service Desk Plus server's audit variables name the database") {
  CHECK(loaded({}).settings.audit.address.empty());
  CHECK(loaded({{"SDP_USE_AUDIT_LOG", "false"}, {"SDP_DB_NAME", "x"}})
            .settings.audit.address.empty());
  CHECK(loaded({{"SDP_USE_AUDIT_LOG", "true"}}).settings.audit.address ==
        "sqlite:mcp-sidecar-audit.db");
  const Loaded result =
      loaded({{"SDP_USE_AUDIT_LOG", "true"}, {"SDP_DB_PASSWORD", "p/w d@"}},
             "SDP_DB_HOST=localhost\nSDP_DB_PORT=5433\nSDP_DB_NAME=sdp_mcp\nSDP_DB_USER="
             "sdpmcpservice\nSDP_DB_SSL=true\n");
  CHECK(result.settings.audit.address ==
        "postgresql://sdpmcpservice:p%2Fw%20d%40@localhost:5433/sdp_mcp?sslmode=require");
  CHECK(result.origin("MCP_AUDIT_DB").describe() == "environment SDP_USE_AUDIT_LOG");
  CHECK_THAT(error_from(sources({{"SDP_USE_AUDIT_LOG", "maybe"}})),
             Contains("SDP_USE_AUDIT_LOG=maybe (environment)"));
}

TEST_CASE("sources: MCP_AUDIT_DB takes precedence over the variables of Service Desk Plus") {
  CHECK(loaded({{"MCP_AUDIT_DB", "off"}, {"SDP_USE_AUDIT_LOG", "true"}})
            .settings.audit.address.empty());
  CHECK(loaded({{"MCP_AUDIT_DB", "sqlite:/x"}, {"SDP_USE_AUDIT_LOG", "true"}, {"SDP_DB_NAME", "y"}})
            .settings.audit.address == "sqlite:/x");
}

TEST_CASE("sources: the child gets the additions of .env, without the sidecar's secrets") {
  const Loaded result = loaded(
      {{"A", "from-environment"}},
      "A=1\nB=two "
      "words\nMCP_API_KEY=s\nSDP_API_KEYS=s\nMCP_AUDIT_DB=off\nMCP_PORT=5\nSDP_CLIENT_SECRET=c\n");
  CHECK(result.child_additions ==
        std::vector<std::pair<std::string, std::string>>{
            {"B", "two words"}, {"MCP_PORT", "5"}, {"SDP_CLIENT_SECRET", "c"}});
  for (const std::string name : {"MCP_API_KEY", "MCP_API_KEYS", "SDP_API_KEYS", "MCP_AUDIT_DB",
                                 "MCP_API_KEY_FILE", "MCP_API_KEYS_FILE", "SDP_API_KEYS_FILE",
                                 "MCP_AUDIT_DB_FILE", "MCP_ADMIN_KEY", "MCP_ADMIN_KEY_FILE"}) {
    CHECK(has(result.child_removals, name));
  }
  CHECK(result.child_removals.size() == 14);
  CHECK(result.dotenv_file == ".env");
  CHECK(result.dotenv_variables == 6);
}

TEST_CASE("sources: MCP_PASS_SECRETS leaves the secrets to the child") {
  const Loaded result = loaded({}, "MCP_API_KEY=s\nMCP_PASS_SECRETS=true\n");
  CHECK(result.child_removals.empty());
  CHECK(result.child_additions.front() == std::pair<std::string, std::string>{"MCP_API_KEY", "s"});
}

TEST_CASE("sources: dist/index.js is run by node if no command is given") {
  const test::TemporaryFolder folder;
  Loaded result = loaded({});
  fall_back_on_dist_index(result, folder.path());
  CHECK(result.settings.command.words.empty());

  folder.write("dist/index.js", "");
  fall_back_on_dist_index(result, folder.path());
  CHECK(result.settings.command.words == std::vector<std::string>{"node", "dist/index.js"});
  CHECK(result.origin("MCP_COMMAND").describe() == "dist/index.js in the working directory");

  Loaded other = loaded({{"MCP_COMMAND", "python3 server.py"}});
  fall_back_on_dist_index(other, folder.path());
  CHECK(other.settings.command.words.front() == "python3");
}

TEST_CASE("sources: of two variables with one name the first counts") {
  const char* const variables[] = {"A=1", "B=x=y", "A=2", "no-equals", "C=", nullptr};
  CHECK(environment_from(variables) == Environment{{"A", "1"}, {"B", "x=y"}, {"C", ""}});
}

TEST_CASE("sources: the .env of http-wrapper.cjs loads as intended") {
  const Loaded result = loaded({}, "MCP_API_KEY=your-secure-random-key-here\nNOWCERTS_USER=me\n");
  CHECK(secrets_of(result.settings) == std::vector<std::string>{"your-secure-random-key-here"});
  CHECK(result.child_additions ==
        std::vector<std::pair<std::string, std::string>>{{"NOWCERTS_USER", "me"}});
  CHECK_THAT(one_warning(result), Contains("can read secrets in .env (MCP_API_KEY)"));
}

TEST_CASE("sources: the .env of the Service Desk Plus server loads as intended") {
  const Loaded result = loaded({}, R"(# Service Desk Plus OAuth
SDP_CLIENT_ID=your_client_id_here
SDP_CLIENT_SECRET=your_client_secret_here
SDP_INSTANCE_NAME=your_instance_name_here

# API Keys (generate with: openssl rand -hex 32)
SDP_API_KEYS=secure-key-1,secure-key-2

# Server binding
SDP_HTTP_PORT=3000
SDP_HTTP_HOST=127.0.0.1  # Use 0.0.0.0 for external access

# IP Allowlist (supports CIDR)
SDP_ALLOWED_IPS=127.0.0.1,192.168.1.0/24,10.0.0.0/8

# Connection Limits
SSE_MAX_CONNECTIONS_PER_IP=10
SSE_MAX_TOTAL_CONNECTIONS=1000

# Rate Limiting
SSE_RATE_LIMIT_PER_MIN=60

# Timeouts
SSE_SESSION_TIMEOUT=1800000      # 30 minutes
SSE_KEEPALIVE_INTERVAL=30000     # 30 seconds

# Database (optional but recommended)
SDP_USE_DB_TOKENS=true
SDP_DB_HOST=localhost
SDP_DB_PORT=5433
SDP_DB_NAME=sdp_mcp

LOG_LEVEL=debug
SDP_DEBUG_REQUESTS=true
)");
  const Settings& settings = result.settings;
  CHECK(secrets_of(settings) == std::vector<std::string>{"secure-key-1", "secure-key-2"});
  CHECK(settings.listen.port == 3000);
  CHECK(settings.listen.host == "127.0.0.1");
  CHECK(settings.sessions.sessions == 1000);
  CHECK(settings.sessions.idle == milliseconds(1'800'000));
  CHECK(settings.streams.keep_alive == milliseconds(30'000));
  CHECK(settings.log.level == LogLevel::kDebug);
  CHECK(settings.log.requests);

  CHECK(settings.access.allowed_addresses ==
        std::vector<std::string>{"127.0.0.1", "192.168.1.0/24", "10.0.0.0/8"});

  CHECK(settings.access.rates.session == Rate{60, milliseconds(60'000)});

  REQUIRE(result.warnings.size() == 3);
  CHECK_THAT(result.warnings[2], Contains("can read secrets in .env (SDP_API_KEYS)"));
  CHECK_THAT(result.warnings[1], Contains("none is an administrator's"));
  CHECK_THAT(result.warnings[0], Contains("SDP_HTTP_HOST (line 11), SSE_SESSION_TIMEOUT (line 24), "
                                          "SSE_KEEPALIVE_INTERVAL (line 25)"));

  const auto child_has = [&result](const std::string& name) {
    return std::any_of(result.child_additions.begin(), result.child_additions.end(),
                       [&name](const auto& variable) { return variable.first == name; });
  };
  CHECK(child_has("SDP_CLIENT_SECRET"));
  CHECK(child_has("SDP_DB_HOST"));
  CHECK_FALSE(child_has("SDP_API_KEYS"));
  CHECK(result.dotenv_variables == 18);
}

TEST_CASE("sources: with SDP_ variables the default message path is /messages") {
  CHECK(loaded({}).settings.endpoints.message_path == "/message");
  CHECK(loaded({{"PORT", "3000"}, {"SDP_CLIENT_ID", "x"}}).settings.endpoints.message_path ==
        "/message");
  const Loaded theirs = loaded({}, "SDP_HTTP_PORT=3000");
  CHECK(theirs.settings.endpoints.message_path == "/messages");
  CHECK(theirs.origin("MCP_MESSAGE_PATH").text == "/messages");
  CHECK(loaded({{"SDP_API_KEYS", "k"}}).settings.endpoints.message_path == "/messages");
  CHECK(loaded({{"SDP_HTTP_PORT", "3000"}, {"MCP_MESSAGE_PATH", "/message"}})
            .settings.endpoints.message_path == "/message");
}
