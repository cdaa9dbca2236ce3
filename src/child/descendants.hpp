// Descendants: ends what a child leaves when it has ended for good: processes that left its process
// group (setsid, daemons, browsers), and would outlive it and every further child. TERM, then KILL
// after the child's own grace.
//
// They are found by a mark, a variable in the environment that each process of a child is started
// with and that its descendants inherit. Its name is the sidecar's, because a sidecar may run below
// another one; its value is that process's, so that the end of one child never ends what another
// one has started.
//
// One thread searches /proc while there is something to end; none exists otherwise. Built by app;
// outlives every Process. Loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include "child/alive_token.hpp"
#include "util/timers.hpp"

namespace sidecar::observe {
class Log;
}

namespace sidecar::child {

// "MCP_SIDECAR_MARK_" and 16 random hex characters.
std::string make_mark_name();

class Descendants {
 public:
  // Children whose descendants are being ended. Beyond it they are left until the shutdown, with a
  // warning.
  static constexpr std::size_t kMaxSearches = 1024;
  static constexpr std::chrono::milliseconds kKillTime{2'000};  // of KILL, repeated

  // `mark_name`: of make_mark_name(), as Guard has it; empty: descendants are kept. `term`: between
  // TERM and KILL.
  Descendants(boost::asio::io_context& loop, Timers& timers, observe::Log& log,
              std::string mark_name, std::chrono::milliseconds term);
  // Waits for the search that runs, for two seconds at most.
  ~Descendants();
  Descendants(const Descendants&) = delete;
  Descendants& operator=(const Descendants&) = delete;

  // A value for the mark of the next process; empty: descendants are kept.
  std::string new_value() const;
  // The variable for its environment.
  std::string variable(const std::string& value) const { return mark_name_ + "=" + value; }
  // Ends the processes with `value`. `child`: its name in the log. `group`: its process group,
  // which was killed already; 0: none was.
  void end(std::string child, std::string value, pid_t group);
  // Calls `done` from the loop once nothing is being ended, or cannot be in time. REQUIRES: called
  // once.
  void when_done(std::function<void()> done);

 private:
  struct Search {
    std::string child;
    std::string value;
    pid_t group;
    Clock::time_point kill_at;
    bool told_to_end = false;    // TERM was sent to all
    bool killed = false;         // KILL was sent to some
    std::size_t most_found = 0;  // processes, of all passes
  };
  // What one pass over /proc does for one search, and finds.
  struct Wanted {
    std::string value;
    pid_t group;
    int signal;  // 0: only count
    std::size_t found = 0;
  };
  struct Link;  // to the thread

  void pass();
  // `results`: for the first ones of searches_, in their order.
  void passed(const std::vector<Wanted>& results, bool complete);
  bool finished(Search& search, const Wanted& result, bool complete);
  void call_done();

  boost::asio::io_context& loop_;
  Timers& timers_;
  observe::Log& log_;
  const std::string mark_name_;
  const std::chrono::milliseconds term_;
  std::vector<Search> searches_;
  std::shared_ptr<Link> link_;  // shared with the thread, which may outlive this when /proc blocks
  bool passing_ = false;        // the thread runs
  bool again_ = false;          // end() was called meanwhile
  std::chrono::milliseconds pause_{};  // before the next pass
  Timer timer_;
  std::function<void()> done_;
  Timer done_timer_;
  AliveToken alive_;
};

}  // namespace sidecar::child
