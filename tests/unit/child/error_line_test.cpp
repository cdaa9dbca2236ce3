// What runtimes and package managers really print when a server cannot start or dies.
#include "child/error_line.hpp"

#include <sstream>

#include "support/catch.hpp"

using namespace sidecar;

namespace {

// Both take the lines of a text.
std::string in_lines(std::string (*choose)(const std::vector<std::string_view>&),
                     const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return choose({lines.begin(), lines.end()});
}
std::string named(const std::string& text) { return in_lines(child::named_error, text); }
std::string last(const std::string& text) { return in_lines(child::last_words, text); }

}  // namespace

TEST_CASE("error_line: Node.js names the error above the stack, and ends with its version") {
  CHECK(named(R"(node:internal/modules/cjs/loader:1215
  throw err;
  ^

Error: Cannot find module '/srv/nowhere/index.js'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1212:15)
    at node:internal/main/run_main_module:28:49 {
  code: 'MODULE_NOT_FOUND',
  requireStack: []
}

Node.js v20.20.2)") == "Error: Cannot find module '/srv/nowhere/index.js'");
  CHECK(named(R"(node:internal/modules/esm/resolve:873
  throw new ERR_MODULE_NOT_FOUND(packageName, fileURLToPath(base), null);
        ^

Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'zod' imported from /srv/index.mjs
    at packageResolve (node:internal/modules/esm/resolve:873:9) {
  [cause]: Error: something below
}

Node.js v24.21.0)") ==
        "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'zod' imported from /srv/index.mjs");
}

TEST_CASE("error_line: what a Node.js program threw that is no Error is in its last words") {
  CHECK(last(R"(/srv/index.js:1
throw "no configuration";
^
no configuration
(Use `node --trace-uncaught ...` to show where the exception was thrown)

Node.js v20.20.2)") == "no configuration");
}

TEST_CASE(
    "error_line: of a Python traceback the exception below it is taken, with or without Error") {
  CHECK(named(R"(INFO starting
Traceback (most recent call last):
  File "/srv/server.py", line 3, in <module>
    main()
    ~~~~^^
  File "/srv/server.py", line 2, in main
    raise ConfigMissing("no token")
settings.ConfigMissing: no token)") == "settings.ConfigMissing: no token");
  CHECK(named(R"(Traceback (most recent call last):
  File "a.py", line 1, in <module>
KeyError: 'TOKEN'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
pydantic_core.ValidationError: 1 validation error for Settings
TOKEN
  Field required [type=missing])") ==
        "pydantic_core.ValidationError: 1 validation error for Settings");
}

TEST_CASE("error_line: of a group of exceptions the innermost one is taken") {
  CHECK(named(R"(  + Exception Group Traceback (most recent call last):
  |   File "a.py", line 1, in <module>
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "a.py", line 9, in serve
    | ConnectionRefused: the database is away
    +------------------------------------)") == "ConnectionRefused: the database is away");
}

TEST_CASE("error_line: of npm the sentence is taken, not its codes and the path of its log") {
  CHECK(named(R"(npm warn exec The following package was not found and will be installed
npm error code E404
npm error 404 Not Found - GET https://registry.npmjs.org/no-such-package-xyz - Not found
npm error 404
npm error 404  'no-such-package-xyz@*' is not in this registry.
npm error A complete log of this run can be found in: /root/.npm/_logs/x-debug-0.log)") ==
        "npm error 404 Not Found - GET https://registry.npmjs.org/no-such-package-xyz - Not found");
  CHECK(named(R"(npm ERR! code ENOTFOUND
npm ERR! syscall getaddrinfo
npm ERR! errno ENOTFOUND
npm ERR! network request to https://registry.npmjs.org/x failed, reason: getaddrinfo ENOTFOUND

npm ERR! A complete log of this run can be found in:
npm ERR!     /root/.npm/_logs/x-debug-0.log)") ==
        "npm ERR! network request to https://registry.npmjs.org/x failed, reason: getaddrinfo "
        "ENOTFOUND");
}

TEST_CASE("error_line: other runtimes and tools") {
  CHECK(named("panic: no token\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/main.go:5 +0x1d\n"
              "exit status 2") == "panic: no token");
  CHECK(named("thread 'main' panicked at src/main.rs:2:5:\nno token\nnote: run with "
              "`RUST_BACKTRACE=1` environment variable to display a backtrace") == "no token");
  CHECK(named("Exception in thread \"main\" java.lang.IllegalStateException: no token\n"
              "\tat Main.main(Main.java:3)\nCaused by: java.io.IOException: gone\n\t... 2 more") ==
        "Exception in thread \"main\" java.lang.IllegalStateException: no token");
  CHECK(named("/srv/a.rb:1:in 'main': no token (RuntimeError)\n\tfrom /srv/a.rb:9:in '<main>'") ==
        "/srv/a.rb:1:in 'main': no token (RuntimeError)");
  CHECK(named("docker: Error response from daemon: pull access denied for x.\n\n"
              "Run 'docker run --help' for more information") ==
        "docker: Error response from daemon: pull access denied for x.");
  CHECK(named("  × No solution found when resolving tool dependencies:\n"
              "  ╰─▶ Because x was not found, we can conclude that …") ==
        "× No solution found when resolving tool dependencies:");
  CHECK(named("\x1b[31mError: no token\x1b[39m") == "Error: no token");
  CHECK(named("info up\n{\"level\":\"error\",\"msg\":\"no token\"}\ninfo bye") ==
        "{\"level\":\"error\",\"msg\":\"no token\"}");
}

TEST_CASE("error_line: the first of several errors is taken") {
  CHECK(named("Error: cannot reach the database\nError: giving up\n") ==
        "Error: cannot reach the database");
}

TEST_CASE("error_line: no error is seen where none is named") {
  CHECK(named("server listening on stdio\n2 errors_total\nterrors\n").empty());
  CHECK(named("").empty());
}

TEST_CASE(
    "error_line: the last words are a line that says something, without indentation if possible") {
  CHECK(last("usage: server [--port N]\n  --port N  the port\n\n}\n") ==
        "usage: server [--port N]");
  CHECK(last("  only this\n^^^^\n") == "only this");
  CHECK(last("}\n\n  ]\n").empty());
}
