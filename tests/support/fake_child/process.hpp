// What the process does to itself, and what it can tell of itself.
#pragma once

#include <string>

namespace fake {

[[noreturn]] void wait_for_ever();
[[noreturn]] void die_by(int signal);

// A grandchild that ignores the end of stdin, TERM, INT and HUP; `escape`: in a session of its own.
// With a FIFO it holds that open for writing.
void leave_grandchild(const std::string& fifo, bool escape);

// Waits until somebody has the FIFO open for writing. False: there is none.
bool pass_gate(const std::string& fifo);

// The open descriptors but the one that reads the list, as "0 1 2".
std::string descriptors();

// Blocked and ignored signals, and the death signal: "0000000000000000 0000000000000000 9" when all
// is as it should be.
std::string signals();

std::string environment();  // with commas between
std::string current_directory();

}  // namespace fake
