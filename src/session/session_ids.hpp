// SessionIds: ids of sessions over Streamable HTTP, which a later process can verify and revive the
// session from. 64 lower-case hex digits:
//
//   24  random
//    8  minute of the issue, since 1970
//    8  the process
//    2  protocol revision: index in mcp::kHandshakeVersions
//    6  capabilities of the client: sampling, elicitation of forms, of URLs, roots, tasks (bits of
//       the first two digits); the others are 0
//   16  MAC: the first 8 bytes of HMAC-SHA-256 over the digits before, the name of the wrapped
//       server and that of the owner, each with its length before it
//
// So an id holds for one owner and one server, and nobody makes one without the secret. Remembers
// the last ids that ended here; they are not revived. Owned by app; loop thread only.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/secret.hpp"
#include "mux/core/client_profile.hpp"

namespace sidecar::session {

class SessionIds {
 public:
  static constexpr std::size_t kRandomDigits = 24;
  static constexpr std::size_t kDigits = 64;
  static constexpr std::size_t kRemembered = 65'536;  // ended ids; 0.5 MB from the first on
  using Now = std::function<std::chrono::system_clock::time_point()>;

  struct Options {
    std::string server;               // name of the wrapped server
    std::string process;              // 8 hex digits, random for each start
    std::chrono::milliseconds valid;  // since the issue; 0: nothing is revived
    Now now = std::chrono::system_clock::now;
  };

  SessionIds(const auth::Secret& secret, Options options);

  const std::string& process() const { return options_.process; }
  // The first digits of an id, by which a session is known until its client has it.
  static std::string random_part();
  // REQUIRES: `random` from random_part(); the profile has a handshake version.
  std::string seal(std::string_view random, const mux::ClientProfile& profile,
                   std::string_view owner) const;
  // What an id says, if it was made with this secret for this server and owner, is not too old and
  // has not ended here.
  std::optional<mux::ClientProfile> verify(std::string_view id, std::string_view owner) const;

  // A session with this id has ended here.
  void note_end(std::string_view id, bool by_client);
  // Whether the owner's client ended this session here, as far as it is remembered.
  bool ended_by_client(std::string_view id, std::string_view owner) const;

 private:
  bool authentic(std::string_view id, std::string_view owner) const;
  std::string mac(std::string_view key, std::string_view digits, std::string_view owner) const;
  // The entry of `ended_`; 0: not remembered.
  std::uint64_t end_of(std::string_view id) const;

  const std::vector<std::string> keys_;
  const Options options_;
  std::vector<std::uint64_t> ended_;  // MACs; the lowest bit: by its client
  std::size_t oldest_ = 0;            // of a full `ended_`
};

}  // namespace sidecar::session
