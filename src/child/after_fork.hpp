// What a freshly forked process does to descriptors and signals that it got from us.
// Async-signal-safe.
#pragma once

namespace sidecar::child {

// Closes every descriptor from `first` on.
void close_from(int first) noexcept;
// Marks every descriptor from `first` on to be closed by exec. Boost 1.81's own closing leaves
// those below its error pipe open.
void close_from_on_exec(int first) noexcept;
// For every signal that allows it: SIG_DFL or SIG_IGN.
void set_all_signals(void (*disposition)(int)) noexcept;
// An empty mask: every signal comes through.
void unblock_signals() noexcept;

}  // namespace sidecar::child
