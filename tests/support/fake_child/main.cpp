// fake-child: a stdio MCP server that misbehaves on request. Shares no code with the sidecar.
// Without flags it is a well-behaved server of the handshake era (2025-11-25) that answers in
// order; tools.hpp says what its tools do. resources/list, prompts/list, resources/subscribe,
// unsubscribe and logging/setLevel are answered plainly; resources/read of `fatal:FILE` is as the
// tool fatal_once; other methods get -32601.
//
// Flags, in the order in which they take effect:
//
//   --stderr=TEXT            writes TEXT and LF to stderr at start
//   --ignore-term            ignores TERM ("got TERM" on stderr instead)
//   --grandchild[=FIFO]      leaves a grandchild in the same group that ignores the end of stdin, TERM, INT
//   and
//                            HUP, and holds our stdout and stderr; prints "grandchild PID" on stderr. With
//                            FIFO it also holds that open for writing: its end of file says that the
//                            grandchild is gone
//   --escapee[=FIFO]         the same, in a session of its own (setsid)
//   --start-gate=FIFO        if there is such a FIFO, waits at the start until somebody opens it for writing
//   --exit-while=FILE        exits with code 9 at once while there is such a file, and says so on stderr
//   --exit=N                 exits with code N at once
//   --die=SIGNAL             kills itself by signal number SIGNAL at once
//   --close-stdin            closes stdin at once and lives on
//   --exit-on-initialize=N   exits with code N when `initialize` comes, unanswered
//   --no-handshake           never answers `initialize`
//   --refuse-initialize      answers `initialize` with an error
//   --protocol=VERSION       the protocol version that it answers (default 2025-11-25)
//   --list-changed           promises listChanged for tools
//   --pages=N                tools/list comes in N pages (default 1)
//   --close-stdout           closes stdout after the first line and lives on
//   --stop-reading           reads nothing more once a line "stop-reading" has come
//   --tail=TEXT              at the end of stdin writes TEXT without LF to stdout
//   --ignore-stdin-end       lives on when stdin ends ("got EOF" on stderr)
//   --exit-at-end=N          exits with code N at the end of stdin (default 0)
//   --echo-lines             is no MCP server: answers each line with itself; the words "exit N", "die
//   SIGNAL",
//                            "cut" (writes half a line and exits 3), "fds", "env", "signals", "cwd" do what
//                            they say

#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <unistd.h>

#include "flags.hpp"
#include "process.hpp"
#include "server.hpp"
#include "wire.hpp"

using namespace fake;

namespace {

void echo_line(const std::string& line) {
  const auto number = [&] { return std::atoi(line.c_str() + line.find(' ')); };
  if (line.rfind("exit ", 0) == 0) ::_exit(number());
  if (line.rfind("die ", 0) == 0) die_by(number());
  if (line == "cut") {
    write_all(STDOUT_FILENO, "half a li");
    ::_exit(3);
  }
  if (line == "fds") return say(descriptors());
  if (line == "env") return say(environment());
  if (line == "signals") return say(signals());
  if (line == "cwd") return say(current_directory());
  say(line);
}

}  // namespace

int main(int argc, char** argv) {
  read_flags(argc, argv);
  if (has("--stderr")) mutter(text_of("--stderr"));
  if (has("--ignore-term")) {
    ::signal(SIGTERM, [](int) { (void)!::write(STDERR_FILENO, "got TERM\n", 9); });
  }
  if (has("--grandchild")) leave_grandchild(text_of("--grandchild"), false);
  if (has("--escapee")) leave_grandchild(text_of("--escapee"), true);
  if (has("--start-gate")) (void)pass_gate(text_of("--start-gate"));
  if (has("--exit-while") && ::access(text_of("--exit-while").c_str(), F_OK) == 0) {
    mutter("cannot start: " + text_of("--exit-while") + " is in the way");
    return 9;
  }
  if (has("--exit")) return number_of("--exit", 1);
  if (has("--die")) die_by(number_of("--die", SIGKILL));
  if (has("--close-stdin")) {
    ::close(STDIN_FILENO);
    say("stdin closed");
    wait_for_ever();
  }
  while (const std::optional<std::string> line = next_line()) {
    if (has("--stop-reading") && *line == "stop-reading") wait_for_ever();
    if (has("--echo-lines")) {
      echo_line(*line);
    } else {
      handle(*line);
    }
    if (has("--close-stdout")) ::close(STDOUT_FILENO);
  }
  if (has("--tail")) write_all(STDOUT_FILENO, text_of("--tail"));
  if (has("--ignore-stdin-end")) {
    mutter("got EOF");
    wait_for_ever();
  }
  return number_of("--exit-at-end", 0);
}
