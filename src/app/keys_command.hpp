// Keys command: `mcp-sidecar keys new|list|revoke` on a keys file. Prints nothing itself. A new key
// is returned once; only its hash is stored.
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
  std::string name;     // for new and revoke
  std::string expires;  // for new: a time, or "90d" from now; empty: never
  auth::Permissions permissions;
};

// Checks the flags of `keys new`. Errors: one line that names the flag. Touches no file.
Result<void> check(const KeysCommand& command, access::WallTime now);

// Returns the text for stdout. Replaces the file atomically; a new file gets mode 0600. Errors: one
// line.
Result<std::string> run(const KeysCommand& command, access::WallTime now);

}  // namespace sidecar::app
