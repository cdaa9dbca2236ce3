// Table: every setting in one place, a row each: its names, its default, its help and how its text
// is read. The command line, the merge, --help, --print-config, `.env.example` and the README's
// table are all made from it. A new setting is a field of Settings and a row here.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "config/settings.hpp"
#include "util/result.hpp"

namespace sidecar::config {

enum class Group {
  kServer,
  kListening,
  kAccess,
  kRates,
  kSessions,
  kRequests,
  kCalls,
  kInstances,
  kChild,
  kShutdown,
  kObserving,
  kAudit
};

std::string_view group_title(Group group);

// kYes: never shown, may come from a file, is taken out of the child's environment.
// kInUrl: a URL or a list of them, shown without its credentials.
enum class Secret { kNo, kInUrl, kYes };

// The order of the fields is that in which people read a row.
struct Setting {  // NOLINT(clang-analyzer-optin.performance.Padding)
  // Reads `text` into its field. `name` is the variable that held it (without _FILE), or the flag.
  using Parse = Result<void> (*)(std::string_view name, std::string_view text, Settings& out);

  Group group;
  // the environment variable that is its own, e.g. MCP_PORT
  std::string_view name;
  std::string_view flag;  // e.g. --port
  // further variables, the first that is set counts; may be empty
  std::array<std::string_view, 2> aliases;
  // what stands for the value in --help; empty: a switch, true when given alone
  std::string_view value;
  std::string_view initial;  // default, as one would write it
  std::string_view help;     // one line
  Parse parse;
  Secret secret = Secret::kNo;
  std::string_view example{};  // what .env.example sets, where that is not the default
};

std::span<const Setting> settings_table();

}  // namespace sidecar::config
