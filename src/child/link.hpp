// ChildLink: what the multiplexer sees of the wrapped process: lines out, lines in, starts and ends.
// Lines are opaque here: no JSON below this floor. Loop thread only.
// Implemented by Supervisor; tests give the multiplexer a fake.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "util/timers.hpp"

namespace sidecar::child {

// A line's place in the order of everything sent to one process; starts at 1 with each process.
using LineNumber = std::uint64_t;

struct Unwritten {
  LineNumber number = 0;
  std::string line;
};

// How a process ended, or why it could not be started.
struct Exit {
  std::string reason;  // one line: "exited with code 1", "killed by signal 9 (SIGKILL)", "cannot start: …"
  std::optional<int> code;    // exit code, when it exited
  std::optional<int> signal;  // signal number, when one killed it
  std::vector<std::string>
      stderr_tail;                   // its last lines on stderr, at most 64, oldest first; may not be UTF-8
  std::vector<Unwritten> unwritten;  // lines that its stdin did not take as a whole: it never saw them
  unsigned restarts = 0;             // starts after the first, so far
  unsigned failed_starts = 0;  // consecutive starts that were of no use; 0 when this one had been of use
  bool final = false;          // no start follows: the link was stopped
  Clock::duration retry_in{};  // when the next start comes, unless final
};

// Callbacks of a link. None is called from inside a call of ChildLink; they may call the link, but not
// destroy it.
class ChildEvents {
 public:
  virtual ~ChildEvents() = default;
  // A process runs and takes lines: the handshake goes first.
  virtual void on_child_started() = 0;
  // One line of its stdout, without its LF (and CR). At least 64 bytes of capacity follow the text, for
  // simdjson.
  virtual void on_child_line(std::string line) = 0;
  // A line beyond the limit was discarded. `first` and `last` are its first and last 4 KB at most.
  virtual void on_child_line_too_long(std::string first, std::string last, std::size_t size) = 0;
  // It ended, or could not be started. All of its lines have been delivered before.
  virtual void on_child_exit(Exit exit) = 0;
};

class ChildLink {
 public:
  virtual ~ChildLink() = default;
  // Queues `line` (no LF inside; one is added) for the stdin of the running process.
  // Returns its number; nothing when no process runs or the queue is full (16 MB by default): see can_send().
  virtual std::optional<LineNumber> send(std::string line) = 0;
  // Whether a line of `size` bytes would be taken now.
  virtual bool can_send(std::size_t size) const = 0;
  virtual bool running() const = 0;
  // The handshake was answered: the start deadline (60 s) no longer applies.
  virtual void handshake_done() = 0;
  // The handshake failed for good, e.g. the process answered it with an error: ends the process, counts a
  // failed start.
  virtual void handshake_failed(std::string reason) = 0;
  // The process answered a call: a restart after this is not a failed start.
  virtual void note_answer() = 0;
};

}  // namespace sidecar::child
