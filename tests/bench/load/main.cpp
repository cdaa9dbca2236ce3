// bench_load: a load on a running server, on one thread. Prints one line of JSON. Exit code 1 if
// any answer was wrong or missing or went to another client. `bench_load --help` lists the modes.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>
#include <sys/resource.h>

#include "bench/load/modes.hpp"

namespace {

using namespace sidecar::bench;

struct Mode {
  const char* name;
  const char* what;
  int (*run)(const Options&);
};

constexpr Mode kModes[] = {
    {"sse", "calls over HTTP+SSE, each client in a session of its own", run_calls},
    {"streamable", "calls over Streamable HTTP", run_calls},
    {"rest", "calls over POST /call-tool", run_calls},
    {"direct",
     "calls to a stdio server that is started here, --clients of them open at once: the limit",
     run_calls},
    {"big", "results of --bytes for each client, --others making small calls meanwhile", run_big},
    {"idle", "SSE sessions held for --seconds, or until stdin ends; counts keep-alives", run_idle},
    {"broadcast", "one notification to all SSE sessions, --rounds times: until the last has it",
     run_broadcast},
    {"churn", "--calls sessions opened, used once and closed, --clients at a time", run_churn},
    {"start", "starts a server --rounds times: until it listens, until the first call is answered",
     run_start},
};

const std::map<std::string, Transport> kTransports = {{"sse", Transport::kSse},
                                                      {"streamable", Transport::kStreamable},
                                                      {"rest", Transport::kRest},
                                                      {"direct", Transport::kDirect}};

// Every session takes one or two descriptors.
void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void add_options(CLI::App& mode, Options& options) {
  mode.add_option("--port", options.target.port, "of the server on 127.0.0.1");
  mode.add_option("--clients", options.clients)
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}));
  mode.add_option("--calls", options.calls, "in all; else until --seconds are over");
  mode.add_option("--seconds", options.seconds);
  mode.add_option("--pause", options.pause, "ms between an answer and the client's next call");
  mode.add_option("--stall", options.stall,
                  "seconds without any answer after which the load has failed");
  mode.add_option("--bytes", options.bytes, "of the message, or of the result");
  mode.add_option("--cpu", options.cpu, "microseconds of the child's CPU that each call takes");
  mode.add_option("--others", options.others, "further sessions that make small calls");
  mode.add_option("--rounds", options.rounds);
  mode.add_option("--over", options.target.transport, "sse, streamable, rest or direct")
      ->transform(CLI::CheckedTransformer(kTransports));
  mode.add_option("--sse-path", options.target.sse_path);
  mode.add_option("--mcp-path", options.target.mcp_path);
  mode.add_option("command", options.command, "of the server that is started, after --");
}

// The usage error, if there is one.
std::string contradiction(const Options& options) {
  const bool starts = options.mode == "start" || options.target.transport == Transport::kDirect;
  if (starts && options.command.empty()) return "give the server's command after --";
  if (options.target.transport != Transport::kDirect && options.target.port == 0)
    return "give --port";
  const bool by_calls = options.mode == "churn";
  const bool by_rounds =
      options.mode == "start" || options.mode == "broadcast" || options.mode == "idle";
  if (by_calls && options.calls == 0) return "give --calls";
  if (!by_rounds && !by_calls && (options.calls > 0) == (options.seconds > 0))
    return "give --calls or --seconds";
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Closed-loop load on an MCP server; prints one line of JSON");
  app.require_subcommand(1);
  Options options;
  int (*run)(const Options&) = nullptr;
  for (const Mode& mode : kModes) {
    CLI::App* const sub = app.add_subcommand(mode.name, mode.what);
    add_options(*sub, options);
    sub->parse_complete_callback([&options, &run, &mode] {
      options.mode = mode.name;
      run = mode.run;
      if (const auto own = kTransports.find(mode.name); own != kTransports.end())
        options.target.transport = own->second;
    });
  }
  CLI11_PARSE(app, argc, argv);
  if (const std::string why = contradiction(options); !why.empty()) {
    fmt::print(stderr, "bench_load: {}\n", why);
    return 2;
  }
  raise_descriptor_limit();
  try {
    return run(options);
  } catch (const std::exception& error) {
    print(options, {{"errors", 1}, {"firstError", error.what()}});
    return 1;
  }
}
