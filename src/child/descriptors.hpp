// What a freshly forked process does to descriptors and signals that it got from us. Async-signal-safe.
#pragma once

namespace sidecar::child {

// Closes every descriptor from `first` on.
void close_from(int first) noexcept;
// Marks every descriptor from `first` on to be closed by exec. Boost 1.81's own closing leaves those below
// its error pipe open.
void close_from_on_exec(int first) noexcept;
// Default dispositions (what we ignore, a child would ignore) and an empty signal mask.
void reset_signals() noexcept;

}  // namespace sidecar::child
