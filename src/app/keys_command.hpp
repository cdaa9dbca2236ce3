// Keys command: `mcp-sidecar keys new|list|revoke` on a keys file. Prints nothing itself; a new key
// is told once and stored nowhere.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "access/keys_file.hpp"
#include "util/result.hpp"

namespace sidecar::app {

struct KeysCommand {
  enum class Action { kNew, kList, kRevoke };

  Action action = Action::kList;
  std::filesystem::path file;
  std::string name;     // of new and revoke
  std::string expires;  // of new: a time, or 90d from now; empty: never
  config::Permissions permissions;
};

// Faults of the flags of `keys new`: one line that names the flag. Touches no file.
Result<void> check(const KeysCommand& command, access::WallTime now);

// What to print to stdout. The file is replaced at once, as a whole; a new one is the owner's only
// (0600). Errors: one line.
Result<std::string> run(const KeysCommand& command, access::WallTime now);

}  // namespace sidecar::app
