// Output to a terminal, and detection of its end. Any thread.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace sidecar::app {

// Writes `text`. Escapes it if `out` is a terminal, because control characters in it may come from
// clients and children. False if not all of it was written.
bool print(std::FILE* out, std::string_view text);

// Detects that the controlling terminal has closed. SIGHUP then ends the program; in all other
// cases it is a reload.
class Terminal {
 public:
  Terminal();
  // True if there was a terminal at construction and there is none now.
  bool gone() const;

 private:
  bool had_one_;
};

}  // namespace sidecar::app
