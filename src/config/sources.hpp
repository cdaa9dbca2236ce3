// Sources: merges command line, process environment, `.env` and defaults into Settings, and
// remembers for each value where it came from. Pure but for reading the files that …_FILE variables
// name: the environment is passed in.
//
// A setting is looked up in this order: flag, process environment, `.env`, default; in one of these
// places its own name comes before its further names. A variable that is set but empty counts as
// not set. Whatever loses with a different value is warned about, by name, never by value.
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

// What `environ` holds; of a name given twice the first counts, as with getenv.
Environment environment_from(const char* const* variables);

struct Sources {
  std::map<std::string, std::string, std::less<>>
      flags;                         // "--port" → "3001"; secrets also "--api-keys-file" → path
  std::vector<std::string> command;  // what stands after `--`; wins over MCP_COMMAND
  Environment environment;
  Dotenv dotenv;
  std::filesystem::path working_directory;  // for relative paths
};

enum class Place { kDefault, kDotenv, kEnvironment, kCommandLine, kWorkingDirectory };

// Where the value of a setting came from.
struct Origin {
  Place place = Place::kDefault;
  std::string name;             // the flag or variable that held it; empty for a default
  std::string location;         // "default", "command line", "environment", ".env line 3"
  std::string text;             // as it was given; empty for a secret
  std::size_t fingerprint = 0;  // of a secret: another one tells that it was changed
  bool is_url = false;          // of a setting with Secret::kInUrl

  // `text` without the credentials of URLs in it.
  std::string masked_text() const;
  // "default", "flag --port", "environment PORT", ".env line 3 PORT"
  std::string describe() const;
  // "PORT=3000 (.env line 3)", for errors; a secret without its value (nor the path of its
  // file: people put the key itself there).
  std::string quoted() const;
};

// For Origin::fingerprint; holds within one run of the program.
inline std::size_t fingerprint_of(std::string_view secret) {
  return std::hash<std::string_view>{}(secret);
}

struct Loaded {
  Settings settings;
  std::vector<Origin> origins;        // in the order of settings_table()
  std::vector<std::string> warnings;  // one line each, for the log

  // The child's environment is ours, plus these, minus those.
  std::vector<std::pair<std::string, std::string>>
      child_additions;                      // `.env`, where the process environment has nothing
  std::vector<std::string> child_removals;  // the sidecar's own secrets

  // For the line `Environment loaded`.
  std::string dotenv_file;  // empty: there was none
  std::size_t dotenv_variables =
      0;  // how many of its variables are in effect, the process environment lacking them

  const Origin& origin(std::string_view setting_name) const;  // REQUIRES: a name of the table
};

// The names that carry secrets of the sidecar alone, their _FILE forms included.
std::vector<std::string> secret_names();

// Errors: one line, "MCP_PORT=abc (environment): not a port number (0–65535)".
Result<Loaded> load(const Sources& sources);

// When nothing says which server to wrap: `node dist/index.js`, if the working directory has that
// file.
void fall_back_on_dist_index(Loaded& loaded, const std::filesystem::path& working_directory);

}  // namespace sidecar::config
