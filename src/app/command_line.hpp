// Command line: what the program was asked to do. Reads `.env` and secret files, nothing else of
// the world: environment and working directory are passed in. Prints nothing, never exits.
#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "app/audit_command.hpp"
#include "app/healthcheck.hpp"
#include "app/keys_command.hpp"
#include "config/sources.hpp"

namespace sidecar::app {

// Run the sidecar; `loaded.settings.command` is never empty.
struct Run {
  config::Loaded loaded;
};

// Print and exit: 0 to stdout (help, version, lists); else one line to stderr. 2: a fault in flags
// or settings.
struct Print {
  std::string text;  // with its line end
  int exit_code = 0;
};

// Ask a running sidecar: exit 0 or 1. Faults of its own flags and settings are a Print with 1:
// Docker reserves 2.
struct Healthcheck {
  HttpTarget target;
};

// KeysCommand, AuditCommand: see their headers. Their faults are a Print with 2.
using CommandLine = std::variant<Run, Print, Healthcheck, KeysCommand, AuditCommand>;

// `arguments`: with the program's name in front, as main() gets them.
CommandLine parse_command_line(const std::vector<std::string>& arguments,
                               const config::Environment& environment,
                               const std::filesystem::path& working_directory);

// What the same command line loads now: for a reload. REQUIRES: it was a Run.
Result<config::Loaded> load_again(const std::vector<std::string>& arguments,
                                  const config::Environment& environment,
                                  const std::filesystem::path& working_directory);

}  // namespace sidecar::app
