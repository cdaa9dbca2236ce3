// Actions of the process on itself, and its own state.
#pragma once

#include <string>

namespace fake {

[[noreturn]] void wait_for_ever();
[[noreturn]] void die_by(int signal);

// Starts a grandchild that ignores the end of stdin, TERM, INT and HUP; with `escape` in a session
// of its own. It holds the FIFO, if there is one, open for writing.
void leave_grandchild(const std::string& fifo, bool escape);

// Starts three helpers that outlive us, as daemons and browsers do: "own-group", "own-session" and
// "double-fork" (in a session of its own, and no child of ours). Each has that name, prints
// "helper NAME PID" on stderr first, and holds none of our descriptors. Returns when all run.
void leave_helpers();

// Waits until the FIFO is open for writing elsewhere. False if it does not exist.
bool pass_gate(const std::string& fifo);

// The open descriptors as "0 1 2", without the one that reads the list.
std::string descriptors();

// Masks of blocked and of ignored signals, and the parent-death signal. A correct start gives
// "0000000000000000 0000000000000000 9".
std::string signals();

std::string environment();  // comma-separated
std::string current_directory();

}  // namespace fake
