// Start pages: memory that only the start of the program needs (symbol tables, relocations, code
// that runs once).
#pragma once

namespace sidecar {

// Unmaps the read-only pages of the program and its libraries (code, constants). They stay in the
// page cache, so a page that is used again is mapped again, and read from disk only if the system
// has reclaimed its memory. Call once, at the end of the start. Any thread.
void release_start_pages();

}  // namespace sidecar
