// ChildLink: what the multiplexer sees of the wrapped process: lines out, lines in, starts and
// ends. Lines are opaque here: no JSON below this floor. Loop thread only. Implemented by
// Supervisor; tests give the multiplexer a fake.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
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
  // one line: "exited with code 1", "killed by signal 9 (SIGKILL)", "cannot start: …"
  std::string reason;
  std::optional<int> code;    // exit code, when it exited
  std::optional<int> signal;  // signal number, when one killed it
  std::vector<std::string>
      // its last lines on stderr, at most 64, oldest first; may not be UTF-8
      stderr_tail;
  // lines that its stdin did not take as a whole: it never saw them
  std::vector<Unwritten> unwritten;
  unsigned restarts = 0;  // starts after the first, so far
  // consecutive starts that were of no use; 0 when this one had been of use
  unsigned failed_starts = 0;
  bool final = false;          // no start follows: the link was stopped
  Clock::duration retry_in{};  // when the next start comes, unless final
};

// Callbacks of a link. None is called from inside a call of ChildLink; they may call the link, but
// not destroy it.
class ChildEvents {
 public:
  virtual ~ChildEvents() = default;
  // A process runs and takes lines: the handshake goes first.
  virtual void on_child_started() = 0;
  // One line of its stdout, without its LF (and CR). At least 64 bytes of capacity follow the text,
  // for simdjson.
  virtual void on_child_line(std::string line) = 0;
  // A line beyond the limit was discarded. `first` and `last` are its first and last 4 KB at most.
  virtual void on_child_line_too_long(std::string first, std::string last, std::size_t size) = 0;
  // ChildLink::wants_more() is true again, after it had been false while the same process ran.
  virtual void on_child_writable() = 0;
  // It ended, or could not be started. All of its lines have been delivered before.
  virtual void on_child_exit(Exit exit) = 0;
};

class ChildLink {
 public:
  static constexpr std::size_t kLowWater = 64 << 10;  // bytes; as much as a pipe holds

  virtual ~ChildLink() = default;
  // Queues `line` (no LF inside; one is added) for the stdin of the running process. Returns its
  // number; nothing when no process runs or the queue is full (16 MB by default): see can_send().
  virtual std::optional<LineNumber> send(std::string line) = 0;
  // Whether a line of `size` bytes would be taken now.
  virtual bool can_send(std::size_t size) const = 0;
  // Whether it runs and less than kLowWater waits for its stdin. Who has more than one client hands
  // lines over only then, so that it decides whose go first.
  virtual bool wants_more() const = 0;
  virtual bool running() const = 0;
  // The handshake was sent: its deadline (60 s) runs from now. A process that is never asked has
  // none.
  virtual void handshake_sent() = 0;
  // The handshake was answered: the deadline no longer applies.
  virtual void handshake_done() = 0;
  // The handshake failed for good, e.g. the process answered it with an error: ends the process,
  // counts a failed start.
  virtual void handshake_failed(std::string reason) = 0;
  // The process answered a call: a restart after this is not a failed start.
  virtual void note_answer() = 0;
};

enum class ChildState { kStarting, kReady, kBackingOff, kStopping, kStopped };

struct ChildStatus {
  ChildState state = ChildState::kStopped;
  pid_t pid = -1;              // -1: none runs
  unsigned restarts = 0;       // starts after the first
  unsigned failed_starts = 0;  // consecutive ones, so far
  Clock::duration uptime{};    // of the process that runs
  std::optional<Exit> last_exit;
};

// A child with its life in the hands of its owner.
class ManagedChild : public ChildLink {
 public:
  // REQUIRES: called before start(); `events` outlives this.
  virtual void set_events(ChildEvents& events) = 0;
  // The first start comes in the next loop turn. REQUIRES: called once.
  virtual void start() = 0;
  // Ends the child by the ladder (3 s at most by default) and starts no other. `done` is called
  // from the loop, once nothing of it runs. May be called again, also while it stops.
  virtual void stop(std::function<void()> done) = 0;
  // After stop(): KILL at once, for the second TERM or INT.
  virtual void kill_now() = 0;
  // Starts no other process: when the one that runs ends, its exit is final. One that is waiting
  // for its first or next start is over at once, and on_child_exit is not called again.
  virtual void retire() = 0;
  virtual ChildStatus status() const = 0;
};

// Makes a child that is not started yet. `name` is its name in the log.
using ChildFactory = std::function<std::unique_ptr<ManagedChild>(std::string name)>;

}  // namespace sidecar::child
