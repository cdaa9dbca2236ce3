// Table: one row per setting: names, default, description and parser. The command line, the merge,
// reload, --help, --print-config, `.env.example` and the README's table are made from it. A new
// setting is a field of Settings and a row here. Constant; any thread.
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

// kYes: never shown, may come from a file, and is removed from the child's environment.
// kInUrl: a URL or a list of URLs, shown without its credentials.
// kInCommand: a command line, shown without the values of variables in it.
enum class Secret { kNo, kInUrl, kInCommand, kYes };

// When a new value takes effect. kOnReload: also while the program runs, on SIGHUP; the part of the
// program that has the setting must then have a set_… for it (Service::apply).
enum class Applies { kAtStart, kOnReload };

// The fields are in the order in which people read a row.
struct Setting {  // NOLINT(clang-analyzer-optin.performance.Padding)
  // Parses `text` into its field. `name`: the variable that held it (without _FILE), or the flag.
  using Parse = Result<void> (*)(std::string_view name, std::string_view text, Settings& out);
  // Copies the field. True if the values differed.
  using Take = bool (*)(Settings& to, const Settings& from);
  // The place of the setting in Settings, which says where it acts.
  struct Field {
    Parse parse;
    Take take;
  };

  Group group;
  // The setting's own environment variable, e.g. MCP_PORT.
  std::string_view name;
  std::string_view flag;  // e.g. --port
  // Further variables, in order of precedence; may be empty.
  std::array<std::string_view, 2> aliases;
  // Placeholder of the value in --help; empty for a switch, which is true when given alone.
  std::string_view value;
  std::string_view initial;  // the default, as text
  std::string_view help;     // one line
  Field field;
  Applies applies;
  Secret secret = Secret::kNo;
  std::string_view example{};  // the value in .env.example, if it is not the default
};

std::span<const Setting> settings_table();

}  // namespace sidecar::config
