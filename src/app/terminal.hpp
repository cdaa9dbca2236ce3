// Terminal: whether the terminal that the program was started from is gone. What a SIGHUP means depends on
// it: a terminal that closes ends what runs in it; without one, or while it is there, SIGHUP asks for a
// reload.
#pragma once

namespace sidecar::app {

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
