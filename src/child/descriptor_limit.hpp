// Descriptor limit: how many files may be open at once (RLIMIT_NOFILE). Each connection is one, and the usual
// soft limit of 1024 is far below what is allowed. Children get back the limit that we were started with:
// programs that use select() break beyond 1024.
#pragma once

#include <cstdint>

namespace sidecar::child {

struct DescriptorLimit {
  std::uint64_t before = 0;  // soft limit at the start; 0: could not be read
  std::uint64_t now = 0;     // the hard limit, or `before` where that cannot be had
};

// Raises the soft limit to the hard one. Call once, before threads and children.
DescriptorLimit raise_descriptor_limit();

// Sets the soft limit of the calling process, for a child before its exec. Async-signal-safe.
void set_descriptor_limit(std::uint64_t soft) noexcept;

}  // namespace sidecar::child
