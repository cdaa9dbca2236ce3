// What is different on a terminal.
//
// Terminal: whether the terminal that the program was started from is gone. What a SIGHUP means
// depends on it: a terminal that closes ends what runs in it; without one, or while it is there,
// SIGHUP asks for a reload.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace sidecar::app {

// A terminal obeys control characters, which may come from clients and children: it gets `text`
// escaped. A file or a pipe gets it as it is. False: not all of it was written.
bool print(std::FILE* out, std::string_view text);

class Terminal {
 public:
  // Looks for a controlling terminal.
  Terminal();
  // There was one, and it is not any more.
  bool gone() const;

 private:
  bool had_one_;
};

}  // namespace sidecar::app
