// KeysWatch: reads the keys file when it changes and gives its keys to the gate. If the file cannot
// be used, the present keys stay valid.
//
// Ends the sessions and the calls without a session of owners whose last key was removed or has
// expired, the calls without a session of expired tokens and, once a key is needed, the sessions
// that were opened without one. All other sessions get the present permissions of their keys, and
// are notified if these changed.
// Owned by Service; loop thread only.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "access/gate.hpp"
#include "access/keys_file.hpp"
#include "app/watched_file.hpp"
#include "mux/pool/instances.hpp"
#include "observe/log.hpp"
#include "session/session_table.hpp"
#include "session/sessionless_calls.hpp"
#include "util/timers.hpp"

namespace sidecar::app {

class KeysWatch {
 public:
  static constexpr std::chrono::seconds kLookEvery{1};

  // Answers the calls without a session of the callers whose key or token is gone.
  using EndCalls = std::function<void(const session::SessionlessCalls::Holds&)>;

  // `fixed`: keys that are not in the file. Without a path it only checks for expired keys.
  KeysWatch(std::filesystem::path path, std::vector<access::StoredKey> fixed, access::Gate& gate,
            session::SessionTable& sessions, EndCalls end_calls, mux::Instances& instances,
            Timers& timers, observe::Log& log);

  // From now on checks the file every kLookEvery.
  void start();
  // Replaces all keys, after a reload. `of_file`: the keys file as just read.
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
  const EndCalls end_calls_;
  mux::Instances& instances_;
  Timers& timers_;
  observe::Log& log_;
  FileStamp stamp_;
  Timer timer_;
};

}  // namespace sidecar::app
