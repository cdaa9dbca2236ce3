// Command line: parses the arguments into the action to take. Reads `.env` and secret files; the
// environment and the working directory are passed in. Prints nothing, never exits.
#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "app/audit_command.hpp"
#include "app/http_get.hpp"
#include "app/keys_command.hpp"
#include "config/sources.hpp"

namespace sidecar::app {

// Run the sidecar; `loaded.settings.command` names a program.
struct Run {
  config::Loaded loaded;
};

// Print and exit. Code 0: to stdout (help, version, lists); otherwise one line to stderr. 2: a
// fault in flags or settings.
struct Print {
  std::string text;  // with its line end
  int exit_code = 0;
};

// Check a running sidecar; exits 0 or 1. Faults in its flags and settings are a Print with 1,
// because Docker reserves 2.
struct Healthcheck {
  HttpTarget target;
  Probe probe = Probe::kAlive;
};

// KeysCommand, AuditCommand: see their headers. Their faults are a Print with 2.
using CommandLine = std::variant<Run, Print, Healthcheck, KeysCommand, AuditCommand>;

// `arguments`: as main() gets them, the program's name first.
CommandLine parse_command_line(const std::vector<std::string>& arguments,
                               const config::Environment& environment,
                               const std::filesystem::path& working_directory);

// Loads the settings of the same command line again, for a reload. REQUIRES: it was a Run.
Result<config::Loaded> load_again(const std::vector<std::string>& arguments,
                                  const config::Environment& environment,
                                  const std::filesystem::path& working_directory);

}  // namespace sidecar::app
