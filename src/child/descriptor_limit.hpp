// Descriptor limit: how many files may be open at once (RLIMIT_NOFILE). Each connection is one, and
// the usual soft limit of 1024 is far below what is allowed. Children get back the limit that we
// were started with: programs that use select() break beyond 1024.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sidecar::child {

struct DescriptorLimit {
  std::uint64_t before = 0;  // soft limit at the start; 0: could not be read
  std::uint64_t now = 0;     // the hard limit, or `before` where that cannot be had
};

// Raises the soft limit to the hard one. Call once, before threads and children.
DescriptorLimit raise_descriptor_limit();

// Descriptors that connections leave to children, databases and files. Of a limit below twice that:
// half of it.
inline constexpr std::uint64_t kReservedDescriptors = 64;

// What `children` wrapped servers need at most, kReservedDescriptors at least.
std::uint64_t reserved_descriptors(std::size_t children);
// Descriptors below this number may be connections: the kernel gives the lowest free number, so
// those above stay free for the rest. Follows the soft limit of now.
std::uint64_t first_reserved_descriptor(std::uint64_t reserved);
// The lowest number that is free; above every limit when nothing can be opened.
std::uint64_t lowest_free_descriptor();
// How many connections there may be beside what is open now and is opened at the start.
std::uint64_t descriptors_for_connections(std::uint64_t reserved);

// Sets the soft limit of the calling process, for a child before its exec. Async-signal-safe.
void set_descriptor_limit(std::uint64_t soft) noexcept;

}  // namespace sidecar::child
