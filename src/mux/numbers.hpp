// Numbers: what is counted once for all instances, so that nothing two of them give out can be confused.
// Owned by Instances. Loop thread only.
#pragma once

#include <cstdint>

#include "mux/call.hpp"
#include "util/token_bucket.hpp"

namespace sidecar::mux {

// The id of a call on a child's stdin; never used twice, below 2^53 so that every JSON parser keeps it.
using WireId = std::uint64_t;
// The id under which a client is asked something for a child; the same row for all.
using PeerId = std::uint64_t;

struct Numbers {
  WireId next_wire = 1;
  PeerId next_peer = 1;
  ClientId next_client = kNoClient + 1;
  TokenBucket calls;  // that went on their way to any child: see Limits::child_rate
};

}  // namespace sidecar::mux
