// KeysWatch: keeps the gate's keys in step with the keys file: read again when it changes. A file
// that cannot be used leaves the keys as they are. Sessions of an owner whose last key is gone or
// has expired end, their REST calls (and those of expired tokens) too, and once a key is needed
// those that were opened without one. The others are held to what their keys permit now, and are
// told when that has changed. Owned by Service; loop thread only.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "access/gate.hpp"
#include "access/keys_file.hpp"
#include "app/watched_file.hpp"
#include "endpoints/rest/tool_calls.hpp"
#include "mux/pool/instances.hpp"
#include "observe/log.hpp"
#include "session/session_table.hpp"
#include "util/timers.hpp"

namespace sidecar::app {

// Errors: one line with the path.
Result<std::vector<access::StoredKey>> read_keys_file(const std::filesystem::path& path);

class KeysWatch {
 public:
  static constexpr std::chrono::seconds kLookEvery{1};

  // `fixed`: keys that are not in the file. Without a path it only looks for keys that have
  // expired.
  KeysWatch(std::filesystem::path path, std::vector<access::StoredKey> fixed, access::Gate& gate,
            session::SessionTable& sessions, endpoints::ToolCalls& calls, mux::Instances& instances,
            Timers& timers, observe::Log& log);

  // Looks at the file every kLookEvery from now on.
  void start();
  // The keys that hold from now on, the file's as it was just read.
  void take(std::vector<access::StoredKey> of_file, std::vector<access::StoredKey> fixed);

 private:
  void look();
  void read();
  void use(std::vector<access::StoredKey> of_file);
  void review_callers();

  const std::filesystem::path path_;
  std::vector<access::StoredKey> fixed_;
  access::Gate& gate_;
  session::SessionTable& sessions_;
  endpoints::ToolCalls& calls_;
  mux::Instances& instances_;
  Timers& timers_;
  observe::Log& log_;
  FileStamp stamp_;
  Timer timer_;
};

}  // namespace sidecar::app
