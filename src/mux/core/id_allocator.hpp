// IdAllocator: what is counted once for all instances, so that nothing two of them give out can be
// confused. Owned by Instances. Loop thread only.
#pragma once

#include <cstdint>

#include "mux/core/call.hpp"
#include "util/token_bucket.hpp"

namespace sidecar::mux {

// The id of a call on a child's stdin; never used twice, below 2^53 so that every JSON parser keeps
// it.
using WireId = std::uint64_t;
// The id under which a client is asked something for a child; the same row for all.
using PeerId = std::uint64_t;

struct IdAllocator {
  WireId next_wire = 1;
  PeerId next_peer = 1;
  ClientId next_client = kNoClient + 1;
  std::uint64_t next_list_version = 1;
  // Of calls that reach any child, of all clients together: for servers whose own service has such
  // a limit. Charged where it is known that a call is not answered by the sidecar itself (ping,
  // initialize, a known list, a second subscription); once, also if the call is repeated. Beyond:
  // Outcome::kOverRate.
  Rate child_rate{};
  TokenBucket calls;  // charged by it
};

}  // namespace sidecar::mux
