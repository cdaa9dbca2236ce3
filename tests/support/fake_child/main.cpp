// fake-child: a stdio MCP server that misbehaves on request. Shares no code with the sidecar.
// Without flags it is a well-behaved server of revision 2025-11-25 that answers in order. tools.hpp
// lists its tools. It answers resources/list, prompts/list, resources/subscribe, unsubscribe and
// logging/setLevel plainly; resources/read of `fatal:FILE` acts like the tool fatal_once; other
// methods get -32601.
//
// Flags, in the order in which they take effect:
//
//   --stderr=TEXT            writes TEXT and LF to stderr at start
//   --ignore-term            ignores TERM ("got TERM" on stderr instead)
//   --grandchild[=FIFO]      leaves a grandchild in the same group that ignores the end of stdin,
//                            TERM, INT and HUP, and holds our stdout and stderr open; prints
//                            "grandchild PID" on stderr. With FIFO it also holds that open for
//                            writing: end of file there means that the grandchild is gone
//   --escapee[=FIFO]         the same, in a session of its own (setsid)
//   --helpers                leaves three helpers outside the group: see leave_helpers()
//   --start-gate=FIFO        if the FIFO exists, waits at the start until it is opened for writing
//   --exit-while=FILE        exits with code 9 at once while FILE exists, with a line on stderr
//   --exit=N                 exits with code N at once
//   --die=SIGNAL             kills itself with signal number SIGNAL at once
//   --close-stdin            closes stdin at once and keeps running
//   --exit-on-initialize=N   exits with code N on `initialize`, without an answer
//   --no-handshake           never answers `initialize`
//   --refuse-initialize      answers `initialize` with an error
//   --protocol=VERSION       answers with this protocol version (default 2025-11-25)
//   --list-changed           declares listChanged for tools
//   --pages=N                divides tools/list into N pages (default 1)
//   --close-stdout           closes stdout after the first line and keeps running
//   --stop-reading           stops reading after a line "stop-reading"
//   --tail=TEXT              writes TEXT without LF to stdout when stdin ends
//   --ignore-stdin-end       keeps running when stdin ends ("got EOF" on stderr)
//   --exit-at-end=N          exits with code N when stdin ends (default 0)
//   --echo-lines             is no MCP server: echoes each line. The lines "exit N", "die SIGNAL",
//                            "cut" (writes half a line and exits with 3), "fds", "env", "signals"
//                            and "cwd" are commands

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
  if (has("--helpers")) leave_helpers();
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
