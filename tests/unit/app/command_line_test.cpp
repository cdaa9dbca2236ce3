#include "app/command_line.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "config/describe.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_folder.hpp"

using namespace sidecar;
using namespace sidecar::app;
using Catch::Matchers::StartsWith;
using sidecar::test::Contains;
using Words = std::vector<std::string>;

namespace {

class Shell {
 public:
  config::Environment environment;
  test::TemporaryFolder folder;

  CommandLine type(const Words& words) const {
    Words arguments = {"mcp-sidecar"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    return parse_command_line(arguments, environment, folder.path());
  }

  config::Loaded runs(const Words& words) const {
    auto asked = type(words);
    if (const auto* print = std::get_if<Print>(&asked)) FAIL(print->text);
    return std::get<Run>(std::move(asked)).loaded;
  }

  // What is printed, after checking that it goes with this exit code.
  std::string prints(const Words& words, int exit_code) const {
    const auto asked = type(words);
    REQUIRE(std::holds_alternative<Print>(asked));
    const Print print = std::get<Print>(asked);
    CHECK(print.exit_code == exit_code);
    if (exit_code != 0) {
      CHECK_THAT(print.text, StartsWith("mcp-sidecar: "));
      CHECK(std::count(print.text.begin(), print.text.end(), '\n') == 1);
      CHECK(print.text.back() == '\n');
    }
    return print.text;
  }

  Healthcheck checks(const Words& words) const {
    const auto asked = type(words);
    if (const auto* print = std::get_if<Print>(&asked)) FAIL(print->text);
    return std::get<Healthcheck>(asked);
  }
  HttpTarget asks(const Words& words) const { return checks(words).target; }
};

}  // namespace

TEST_CASE("command line: the words after -- are the command") {
  const Shell shell;
  CHECK(shell.runs({"--", "node", "dist/index.js", "--port", "x y", "--"}).settings.command.words ==
        Words{"node", "dist/index.js", "--port", "x y", "--"});
  const auto loaded = shell.runs({"--port", "8080", "--host=::", "--debug-requests", "--", "node"});
  CHECK(loaded.settings.listen.port == 8080);
  CHECK(loaded.settings.listen.host == "::");
  CHECK(loaded.settings.log.requests);
  CHECK(loaded.settings.command.words == Words{"node"});
}

TEST_CASE("command line: --stdio takes the command as one text, as supergateway does") {
  const Shell shell;
  CHECK(shell.runs({"--stdio", "npx -y @scope/server '/my files'"}).settings.command.words ==
        Words{"npx", "-y", "@scope/server", "/my files"});
  CHECK_THAT(shell.prints({"--stdio", "a", "--", "b"}, 2),
             Contains("both --stdio and a command after --"));
  CHECK_THAT(shell.prints({"--stdio", "a 'b"}, 2),
             Contains("--stdio=a 'b (command line): the quote ' does not close"));
}

TEST_CASE("command line: without a command dist/index.js is run, or the error is a usage line") {
  Shell shell;
  CHECK_THAT(shell.prints({}, 2), Contains("no server to wrap") && Contains("mcp-sidecar -- npx"));
  CHECK_THAT(shell.prints({"--"}, 2), Contains("no command after --"));
  shell.folder.write("dist/index.js", "");
  CHECK(shell.runs({}).settings.command.words == Words{"node", "dist/index.js"});
}

TEST_CASE("command line: every setting has a flag that accepts the same text as its variable") {
  const Shell shell;
  for (const config::Setting& setting : config::settings_table()) {
    CAPTURE(setting.flag);
    const std::string flag(setting.flag);
    // any text without control characters is one
    const bool whole = setting.name == "MCP_ADMIN_KEY";
    const std::string wrong = whole ? "\x01" : setting.secret == config::Secret::kYes ? "," : "'";
    CHECK_THAT(shell.prints({flag + "=" + wrong, "--", "x"}, 2), Contains(flag));
    if (setting.initial.empty() || setting.value.empty()) continue;
    const auto loaded = shell.runs({flag, std::string(setting.initial), "--", "x"});
    CHECK(loaded.origin(setting.name).describe() == "flag " + flag);
  }
}

TEST_CASE("command line: a switch is true when given alone, and can be set to false") {
  Shell shell;
  shell.environment["MCP_PASS_SECRETS"] = "true";
  CHECK(shell.runs({"--", "x"}).settings.child.pass_secrets);
  CHECK_FALSE(shell.runs({"--pass-secrets=false", "--", "x"}).settings.child.pass_secrets);
  shell.environment.clear();
  CHECK(shell.runs({"--pass-secrets", "--", "x"}).settings.child.pass_secrets);
  CHECK_THAT(shell.prints({"--pass-secrets=maybe", "--", "x"}, 2),
             Contains("--pass-secrets=maybe (command line)"));
}

TEST_CASE("command line: .env of the working directory is read if it exists") {
  Shell shell;
  CHECK(shell.runs({"--", "x"}).dotenv_file.empty());
  shell.folder.write(".env", "PORT=4000\nA=b\n");
  const auto loaded = shell.runs({"--", "x"});
  CHECK(loaded.settings.listen.port == 4000);
  CHECK(loaded.dotenv_variables == 2);
  CHECK(shell.runs({"--port", "5", "--", "x"}).settings.listen.port == 5);
  shell.folder.write(".env", "\nPORT=x\n");
  CHECK(shell.prints({"--", "x"}, 2) ==
        "mcp-sidecar: PORT=x (.env line 2): not a port number (0–65535)\n");
}

TEST_CASE("command line: --env-file replaces .env and must exist") {
  const Shell shell;
  shell.folder.write(".env", "PORT=4000\n");
  shell.folder.write("other.env", "MCP_HOST=::1\n");
  const auto loaded = shell.runs({"--env-file", "other.env", "--", "x"});
  CHECK(loaded.settings.listen.port == 3001);
  CHECK(loaded.origin("MCP_HOST").describe() == "other.env line 1 MCP_HOST");
  CHECK(shell.prints({"--env-file", "none.env", "--", "x"}, 2) ==
        "mcp-sidecar: none.env: cannot be read: No such file or directory\n");
}

TEST_CASE("command line: a .env that is a directory is an error") {
  const Shell shell;
  std::filesystem::create_directory(shell.folder.path() / ".env");
  CHECK_THAT(shell.prints({"--", "x"}, 2), Contains(".env: is a directory"));
}

TEST_CASE("command line: invalid flags are an error of one line") {
  const Shell shell;
  const auto [words, part] = GENERATE(table<Words, std::string>({
      {{"--prot", "1"}, "unknown flag --prot (see mcp-sidecar --help)"},
      {{"--prot=1"}, "unknown flag --prot (see"},
      {{"-p", "1"}, "unknown flag -p (see"},
      {{"--port"}, "--port needs a value"},
      {{"--port", "--host"}, "--port needs a value (--flag=VALUE when it begins with a dash)"},
      {{"--admin-key", "--print-config", "--", "x"}, "--admin-key needs a value"},
      {{"--admin-key=", "--print-config", "--", "x"}, "--admin-key needs a value"},
      {{"--admin-key", "-h", "--", "x"}, "--admin-key needs a value"},
      {{"--env-file", "--port", "1", "--", "x"}, "--env-file needs a value"},
      {{"--keys-file-file", "--port", "1"}, "unknown flag --keys-file-file"},
      {{"--api-keys-file", "--port", "1"}, "--api-keys-file needs a value"},
      {{"keys", "new", "a", "--expires", "--admin"}, "--expires needs a value"},
      {{"keys", "new", "a", "--allow-tools", "--admin"}, "--allow-tools needs a value"},
      {{"audit", "query", "--since", "--limit", "3"}, "--since needs a value"},
      {{"audit", "query", "--limit", "x"}, "--limit=x: not a whole number (1–1000000)"},
      {{"audit", "query", "--limit", "0"}, "--limit=0: not a whole number (1–1000000)"},
      {{"audit", "query", "--limit", "-5"}, "--limit=-5: not a whole number (1–1000000)"},
      {{"audit", "query", "--limit", ""}, "--limit=: not a whole number (1–1000000)"},
      {{"audit", "query", "--limit", "1000001"}, "--limit=1000001: not a whole number"},
      {{"audit", "query", "--outcome", "bogus"},
       "--outcome=bogus: not an outcome (ok, tool_error, error, timeout, child_died, unavailable, "
       "busy, over_rate, forbidden, key_gone, too_large, not_served, unusable, cancelled, "
       "internal)"},
      {{"audit", "export", "--outcome", "OK"}, "--outcome=OK: not an outcome (ok, "},
      {{"--port", "1", "--port", "2"}, "--port is given more than once"},
      {{"--pass-secrets", "--pass-secrets"}, "--pass-secrets is given more than once"},
      {{"node", "server.js"}, "the wrapped server's command goes after --"},
      {{"--port", "1", "node"}, "the wrapped server's command goes after --"},
      {{"--port="}, "--port needs a value"},
  }));
  CHECK_THAT(shell.prints(words, 2), Contains(part));
}

TEST_CASE("command line: a value that begins with dashes is given behind an equals sign") {
  const Shell shell;
  CHECK(shell.runs({"--admin-key=--print-config", "--", "x"})
            .settings.access.admin_keys.front()
            .secret == "--print-config");
  CHECK(shell.runs({"--stdio", "x --port", "--port", "5"}).settings.listen.port == 5);
  CHECK(std::get<AuditCommand>(shell.type({"audit", "query", "--limit", "7", "--outcome", "busy"}))
            .filter.limit == 7);
  CHECK(std::get<AuditCommand>(shell.type({"audit", "query"})).filter.limit == 100);
}

TEST_CASE("command line: an error shows no text that may be a secret") {
  const Shell shell;
  for (const Words& words :
       {Words{"--api-key=hunter2"}, Words{"--api-key:hunter2"}, Words{"-khunter2"},
        Words{"hunter2"}, Words{"--api-keys", "bad name:hunter2", "--", "x"},
        Words{"--api-keys-file", "hunter2", "--", "x"},
        Words{"--api-keys", "hunter2", "--api-keys", "hunter2"}, Words{"--api-keys=", "hunter2"}}) {
    CHECK_THAT(shell.prints(words, 2), !Contains("hunter2"));
  }
}

TEST_CASE("command line: keys new keeps empty patterns, to be refused, and trims the others") {
  const Shell shell;
  const auto patterns = [&shell](const std::string& list) {
    return std::get<KeysCommand>(shell.type({"keys", "new", "a", "--allow-tools", list}))
        .permissions.tools.allow;
  };
  CHECK(patterns("get_*, list_*") == Words{"get_*", "list_*"});
  CHECK(patterns("") == Words{""});
  CHECK(patterns("a,,b") == Words{"a", "", "b"});
  CHECK(patterns(" ") == Words{""});
  CHECK_THAT(shell.prints({"keys", "new", "a", "--expires", ""}, 2),
             Contains("--expires is empty"));
}

TEST_CASE("command line: help lists every setting in its group") {
  const Shell shell;
  const std::string help = shell.prints({"--help"}, 0);
  for (const config::Setting& setting : config::settings_table()) {
    CAPTURE(setting.name);
    CHECK_THAT(help, Contains(std::string(setting.flag)) && Contains(std::string(setting.name)) &&
                         Contains(std::string(setting.help)) &&
                         Contains(std::string(config::group_title(setting.group))));
  }
  CHECK_THAT(help, Contains("[-- COMMAND...]") && Contains("healthcheck") &&
                       !Contains("--print-settings-table"));
  CHECK(shell.prints({"-h"}, 0) == help);
  CHECK_THAT(shell.prints({"healthcheck", "--help"}, 0), Contains("--url"));
}

TEST_CASE("command line: the version is name and number of the program") {
  CHECK_THAT(Shell().prints({"--version"}, 0), StartsWith("mcp-sidecar 0."));
}

TEST_CASE("command line: --print-config lists values and sources, and works without a command") {
  Shell shell;
  shell.environment = {{"MCP_API_KEY", "hunter2"}, {"PORT", "80"}};
  const std::string listing = shell.prints({"--print-config"}, 0);
  CHECK_THAT(listing, Contains("environment PORT") && Contains("(hidden)") && !Contains("hunter2"));
  CHECK_THAT(shell.prints({"--print-config", "--", "a", "b"}, 0), Contains("a b"));
  shell.folder.write("dist/index.js", "");
  CHECK_THAT(shell.prints({"--print-config"}, 0),
             Contains("node dist/index.js") && Contains("in the working directory"));
  shell.environment["PORT"] = "x";
  CHECK_THAT(shell.prints({"--print-config"}, 2), Contains("PORT=x (environment)"));
}

TEST_CASE("command line: the documents of the settings can be printed") {
  CHECK(Shell().prints({"--print-settings-table"}, 0) == config::settings_markdown());
  CHECK(Shell().prints({"--print-env-example"}, 0) == config::settings_dotenv());
}

TEST_CASE("command line: healthcheck checks the address on which the same settings would listen") {
  Shell shell;
  CHECK(shell.asks({"healthcheck"}) == HttpTarget{false, "127.0.0.1", 3001, "/health"});
  shell.environment = {{"PORT", "8080"}, {"MCP_HOST", "0.0.0.0"}};
  CHECK(shell.asks({"healthcheck"}) == HttpTarget{false, "127.0.0.1", 8080, "/health"});
  CHECK(shell.asks({"healthcheck", "--port", "9", "--host", "::"}) ==
        HttpTarget{false, "::1", 9, "/health"});
  CHECK(shell.asks({"--port", "9", "healthcheck"}).port == 9);
  shell.folder.write("h.env", "MCP_HOST=10.0.0.1\n");
  shell.environment.clear();
  CHECK(shell.asks({"healthcheck", "--env-file", "h.env"}).host == "10.0.0.1");
  CHECK(shell.asks({"healthcheck", "--url", "https://a.example/x"}) ==
        HttpTarget{true, "a.example", 443, "/x/health"});
}

TEST_CASE("command line: healthcheck --ready asks whether the wrapped server takes calls") {
  const Shell shell;
  CHECK(shell.checks({"healthcheck"}).probe == Probe::kAlive);
  CHECK(shell.checks({"healthcheck", "--ready"}).probe == Probe::kReady);
  CHECK(shell.asks({"healthcheck", "--ready", "--port", "9"}) ==
        HttpTarget{false, "127.0.0.1", 9, "/ready"});
  CHECK(shell.asks({"healthcheck", "--url", "https://a.example/x", "--ready"}).path == "/x/ready");
  CHECK_THAT(shell.prints({"--ready"}, 2), Contains("unknown flag --ready"));
}

TEST_CASE("command line: every error of healthcheck exits 1, because Docker reserves 2") {
  const Shell shell;
  for (const Words& words :
       {Words{"healthcheck", "--port", "x"}, Words{"healthcheck", "--port", "0"},
        Words{"healthcheck", "--url", "x"}, Words{"healthcheck", "--nonsense"},
        Words{"healthcheck", "x"}, Words{"healthcheck", "--url"},
        Words{"healthcheck", "--env-file", "none"},
        Words{"healthcheck", "--url", "http://a", "--url", "http://b"},
        Words{"healthcheck", "--", "x"}}) {
    CHECK(shell.prints(words, 1).size() > std::string("mcp-sidecar: \n").size());
  }
}
