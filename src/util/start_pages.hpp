// What a start has touched and nothing needs again soon: symbol tables, relocations, code that ran
// once.
#pragma once

namespace sidecar {

// Unmaps the pages of the program's and its libraries' files that nobody has written to (code,
// constants). They stay in the page cache; one that is used again is mapped again, without being
// read from the disk unless the system needed its memory. To be called once the start is done. Any
// thread.
void release_start_pages();

}  // namespace sidecar
