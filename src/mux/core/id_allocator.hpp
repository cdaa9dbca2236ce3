// IdAllocator: what is counted once for all instances, so that nothing two of them give out can be
// confused. Owned by Instances. Loop thread only.
#pragma once

#include <cstdint>

#include "mux/core/call.hpp"

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
};

}  // namespace sidecar::mux
