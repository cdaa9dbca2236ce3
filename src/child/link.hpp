// ChildLink: the multiplexer's interface to the wrapped process: lines in both directions, starts
// and exits. Lines are opaque: this folder parses no JSON. Loop thread only. Implemented by
// Supervisor; tests give the multiplexer a fake.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "util/timers.hpp"

namespace sidecar::child {

// A line's position among all lines sent to one process; starts at 1 for each process.
using LineNumber = std::uint64_t;

struct Unwritten {
  LineNumber number = 0;
  std::string line;
};

// How a process ended, or why it could not be started.
struct Exit {
  // Completes the sentence "the MCP server …": "exited with code 1", "was killed by signal 9
  // (SIGKILL)", "cannot start: …". Without text of the server.
  std::string reason;
  std::optional<int> code;    // exit code, if it exited
  std::optional<int> signal;  // signal number, if a signal killed it
  bool by_sidecar = false;    // the sidecar ended it, so code and signal are no reason
  // The line of its output that explains the reason, escaped, at most 200 bytes, without secrets of
  // the sidecar; empty: none does.
  std::string error_line;
  // Its last lines on stderr, at most 64, oldest first; may not be UTF-8.
  std::vector<std::string> stderr_tail;
  // Lines that were not completely written to its stdin, so it has not seen them.
  std::vector<Unwritten> unwritten;
  unsigned restarts = 0;       // starts after the first, so far
  unsigned failed_starts = 0;  // consecutive useless runs (RestartPolicy); 0 after a useful one
  bool final = false;          // no further start: the link was stopped or retired
  Clock::duration retry_in{};  // time until the next start, unless final
};

// Callbacks of a link. None is called from inside a call of ChildLink. They may call the link but
// must not destroy it.
class ChildEvents {
 public:
  virtual ~ChildEvents() = default;
  // A process runs and takes lines. The first ones must be the handshake.
  virtual void on_child_started() = 0;
  // One line of its stdout, without LF or CR LF. At least 64 bytes of capacity follow the text, for
  // simdjson.
  virtual void on_child_line(std::string line) = 0;
  // A line beyond the limit was discarded. `first` and `last`: at most its first and last 4 KB.
  virtual void on_child_line_too_long(std::string first, std::string last, std::size_t size) = 0;
  // ChildLink::wants_more() has become true again for the same process.
  virtual void on_child_writable() = 0;
  // The process ended or could not be started. All of its lines have been delivered before.
  virtual void on_child_exit(Exit exit) = 0;
};

class ChildLink {
 public:
  static constexpr std::size_t kLowWater = 64 << 10;  // bytes; the default capacity of a pipe

  virtual ~ChildLink() = default;
  // Queues `line` (without LF; one is added) for the stdin of the running process and returns its
  // number. Empty when no process runs or the queue is full (16 MB by default): see can_send().
  virtual std::optional<LineNumber> send(std::string line) = 0;
  // Whether send() would accept a line of `size` bytes now.
  virtual bool can_send(std::size_t size) const = 0;
  // Whether a process runs and fewer than kLowWater bytes wait for its stdin. A caller with several
  // clients sends only then, so that it decides which client's lines go first.
  virtual bool wants_more() const = 0;
  virtual bool running() const = 0;
  // The handshake was sent; its deadline (5 min by default) starts now. Without this call there is
  // none.
  virtual void handshake_sent() = 0;
  // The handshake was answered, which ends the deadline. After the deadline the answer came because
  // stdin was closed, which becomes the reason of the exit.
  virtual void handshake_done() = 0;
  // The handshake failed, e.g. it was answered with an error. Ends the process and counts a failed
  // start. `reason`: see Exit. `line`: the server's own words, for Exit::error_line; may be empty.
  virtual void handshake_failed(std::string reason, std::string line) = 0;
  // The process answered a call, one condition for a run not to count as a failed start.
  virtual void note_answer() = 0;
  // The process wrote this to stdout, and it is not a message. Kept among the last lines of stderr,
  // which explain its end.
  virtual void note_stray_output(std::string_view line) = 0;
};

enum class ChildState { kStarting, kReady, kBackingOff, kStopping, kStopped };

struct ChildStatus {
  ChildState state = ChildState::kStopped;
  pid_t pid = -1;              // -1: no process runs
  unsigned restarts = 0;       // starts after the first
  unsigned failed_starts = 0;  // consecutive ones, so far
  Clock::duration uptime{};    // of the running process
  std::optional<Exit> last_exit;
};

// A ChildLink with the functions of its owner: start, stop, retire.
class ManagedChild : public ChildLink {
 public:
  // REQUIRES: called before start(); `events` outlives this.
  virtual void set_events(ChildEvents& events) = 0;
  // Starts the process in the next turn of the loop. REQUIRES: called once.
  virtual void start() = 0;
  // Ends the process by the ladder (at most 3 s by default) and starts no other. `done` is called
  // from the loop once no process runs. May be called again, also while it stops.
  virtual void stop(std::function<void()> done) = 0;
  // After stop(): sends KILL at once. Used at the second TERM or INT.
  virtual void kill_now() = 0;
  // Starts no other process. The exit of the running process will be final. If none runs, the child
  // is stopped at once and on_child_exit is not called again.
  virtual void retire() = 0;
  virtual ChildStatus status() const = 0;
};

// Creates a child without starting it. `name`: its name in the log.
using ChildFactory = std::function<std::unique_ptr<ManagedChild>(std::string name)>;

}  // namespace sidecar::child
