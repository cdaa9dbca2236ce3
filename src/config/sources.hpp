// Sources: merges command line, process environment, `.env` and defaults into Settings, and records
// the source of each value. Reads only the files that …_FILE variables name; the environment is
// passed in.
//
// The order of precedence: flag, process environment, `.env`, default; within one of them, the
// setting's own name comes before its further names. An empty variable counts as not set. A value
// that is overridden by a different one causes a warning that shows names, never values.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/dotenv.hpp"
#include "config/settings.hpp"
#include "config/table.hpp"
#include "util/result.hpp"

namespace sidecar::config {

using Environment = std::map<std::string, std::string, std::less<>>;

// The variables of `environ`. Of two with one name the first counts, as with getenv.
Environment environment_from(const char* const* variables);

struct Sources {
  // "--port" → "3001"; for secrets also "--api-keys-file" → path.
  std::map<std::string, std::string, std::less<>> flags;
  std::vector<std::string> command;  // the words after `--`; they override MCP_COMMAND
  Environment environment;
  Dotenv dotenv;
  std::filesystem::path working_directory;  // relative paths start here
};

enum class Place { kDefault, kDotenv, kEnvironment, kCommandLine, kWorkingDirectory };

// The source of a setting's value.
struct Origin {
  Place place = Place::kDefault;
  std::string name;             // the flag or variable; empty for a default
  std::string location;         // "default", "command line", "environment", ".env line 3"
  std::string text;             // the value as given; empty for a secret
  std::size_t fingerprint = 0;  // of a secret: differs if the secret has changed
  Secret secret = Secret::kNo;  // of the setting

  // `text` without the credentials of URLs and the values of variables in it.
  std::string masked_text() const;
  // "default", "flag --port", "environment PORT", ".env line 3 PORT"
  std::string describe() const;
  // "PORT=3000 (.env line 3)", for errors. For a secret neither its value nor the path of its file,
  // because people put the key itself there.
  std::string quoted() const;
};

struct Loaded {
  Settings settings;
  std::vector<Origin> origins;        // in the order of settings_table()
  std::vector<std::string> warnings;  // one line each, for the log

  // The child's environment is that of this process, plus the additions (variables of `.env` that
  // the process environment lacks), minus the removals (the sidecar's own secrets).
  std::vector<std::pair<std::string, std::string>> child_additions;
  std::vector<std::string> child_removals;

  // For the log line `Environment loaded`.
  std::string dotenv_file;           // empty if there is none
  std::size_t dotenv_variables = 0;  // its variables that the process environment lacks

  // REQUIRES: a name of the table.
  const Origin& origin(std::string_view setting_name) const;
};

struct Change {
  std::string_view name;    // of the setting
  std::string before;       // as --print-config shows it
  std::string after;        // the same
  bool taken_over = false;  // false: takes effect at the next start
};

// Reload: copies the settings that may change while the program runs (Setting::applies), with their
// origins, from `fresh` to `running`. Returns all that differ, in the order of the table. Another
// spelling of the same value is not a difference.
std::vector<Change> take_over(Loaded& running, const Loaded& fresh);

// Errors: one line, "MCP_PORT=abc (environment): not a port number (0–65535)".
Result<Loaded> load(const Sources& sources);

// Checks the rules between settings (cross_checks.cpp); part of load(). Errors: one line that names
// both settings with their sources. Adds warnings for doubtful combinations to `loaded`.
Result<void> cross_check(Loaded& loaded);

// Sets `node dist/index.js` if no command is given and the working directory has that file.
void fall_back_on_dist_index(Loaded& loaded, const std::filesystem::path& working_directory);

}  // namespace sidecar::config
