// mcp-sidecar-demo: a small MCP server on stdio, to try mcp-sidecar without Node.
// Exit codes: 0 when stdin ends, 1 when stdout fails, 2 for unknown arguments.
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <string_view>

#include "demo/server.hpp"
#include "demo/stdio.hpp"

int main(int argc, char** argv) {
  using sidecar::demo::Clock;
  if (argc > 1) {
    const bool version = std::string_view(argv[1]) == "--version";
    fmt::print(version ? stdout : stderr,
               "mcp-sidecar-demo " SIDECAR_VERSION ", an MCP server on stdio{}\n",
               version ? "" : "; it takes no arguments");
    return version ? 0 : 2;
  }
  std::signal(SIGPIPE, SIG_IGN);  // a closed stdout shows as a failed write

  sidecar::demo::Stdio stdio;
  sidecar::demo::Server server(
      Clock::now(), [&](const sidecar::demo::Json& message) { stdio.write_line(message.dump()); });
  for (;;) {
    const auto read = stdio.read_lines(
        server.next_due(), [&](std::string_view line) { server.handle_line(Clock::now(), line); },
        [&] { server.refuse_line("the line is too long"); });
    server.run_due(Clock::now());
    if (!stdio.flush()) return 1;
    if (read == sidecar::demo::Stdio::Read::kEnd) return 0;
  }
}
