// Descriptor limit: how many files may be open at once (RLIMIT_NOFILE). Each connection is one, and
// the usual soft limit of 1024 is far below the hard limit. Children get the limit that the sidecar
// was started with, because programs that use select() fail with descriptors above 1023.
// All functions read or set the limits of the whole process; any thread unless stated.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sidecar::child {

struct DescriptorLimit {
  std::uint64_t before = 0;  // soft limit at the start; 0: could not be read
  std::uint64_t now = 0;     // the hard limit, or `before` if it could not be raised
};

// Raises the soft limit to the hard one. Call once, before threads and children.
DescriptorLimit raise_descriptor_limit();

// Descriptors that connections leave to children, databases and files. When the limit is below
// twice this number, half of the limit is reserved instead.
inline constexpr std::uint64_t kReservedDescriptors = 64;

// Descriptors to reserve when up to `children` processes may run; at least kReservedDescriptors.
std::uint64_t reserved_descriptors(std::size_t children);
// Connections use descriptors below this number only. The kernel assigns the lowest free number, so
// those above stay free for other uses. Computed from the current soft limit.
std::uint64_t first_reserved_descriptor(std::uint64_t reserved);
// The lowest free number; the greatest uint64_t when nothing can be opened.
std::uint64_t lowest_free_descriptor();
// How many connections fit beside the descriptors that are open now and those that the rest of the
// start opens.
std::uint64_t descriptors_for_connections(std::uint64_t reserved);

// Sets the soft limit of the calling process; a child calls it before its exec. Async-signal-safe.
void set_descriptor_limit(std::uint64_t soft) noexcept;

}  // namespace sidecar::child
