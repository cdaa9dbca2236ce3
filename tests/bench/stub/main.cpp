// bench_stub: a stdio MCP server that is never the bottleneck: one read and one write for all the
// messages that are available, without building JSON documents.
//   bench_stub [--wrong N]      every Nth echo has a wrong text, to test the load generator
// Tools: echo {message} · big {bytes}: that many x · cpu {message, microseconds}: echo after that
// much CPU time · notify {}: sends notifications/tools/list_changed first.
#include <cstdlib>
#include <cstring>

#include "bench/stub/server.hpp"

int main(int argc, char** argv) {
  unsigned long wrong = 0;
  if (argc == 3 && std::strcmp(argv[1], "--wrong") == 0) wrong = std::strtoul(argv[2], nullptr, 10);
  if (argc != 1 && wrong == 0) return 2;
  return sidecar::bench::Stub(wrong).run();
}
