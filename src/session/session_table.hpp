// SessionTable: the live sessions by id, limited in number, also for one owner. Ends sessions that
// were idle for too long, and, to make room for a new one, an idle one: many clients never say that
// they are done. The owners share the table (util/shares.hpp): a full table takes the session of
// the owner that has most. Owned by app; loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/rate_limited_log.hpp"
#include "session/session.hpp"
#include "util/shares.hpp"
#include "util/timers.hpp"

namespace sidecar::session {

struct TableLimits {
  std::size_t sessions = 1000;
  std::chrono::milliseconds idle{1'800'000};
  std::size_t sessions_per_owner = 0;  // of callers with a key; 0: any number
};

class SessionTable {
 public:
  static constexpr std::size_t kShownId = 8;  // characters

  SessionTable(Timers& timers, TableLimits limits, observe::Log& log, observe::Metrics& metrics);

  // Sessions beyond a lower limit stay until they end, or make room.
  void set_limits(TableLimits limits);
  // Makes sure that one more session of `caller` fits, possibly by ending another one. Errors: it
  // does not; the text is the client's answer. They are logged and counted.
  Result<void> make_room(const observe::Caller& caller);
  // See mux::EvictIdle.
  bool evict_idle(std::string_view owner, mux::Ending which);
  // An id that nobody can guess: 128 random bits as hex.
  static std::string new_id();
  // What logs and pages show of an id: enough to tell sessions apart, too little to use one.
  static std::string_view shown(std::string_view id) { return id.substr(0, kShownId); }

  // `calls`, which outlives the sessions, is told of the calls of those that are added from now on.
  void observe_by(const observe::Calls& calls) { calls_ = &calls; }
  // `budget`, which outlives the sessions and their calls, counts what those added from now on
  // keep.
  void charge_to(http::Budget& budget) { budget_ = &budget; }

  // Requires make_room() for its caller.
  Session& add(std::unique_ptr<Session> session);
  Session* find(std::string_view id) const;
  // See Session::admit(). False is told in the log and counted.
  bool admit(Session& session, const std::shared_ptr<const observe::Caller>& caller);
  // Ends a session; unknown ids are ignored. `reason` goes into the log.
  void end(std::string_view id, std::string_view reason);
  // The same on the next turn of the loop: for callbacks from the session's own calls.
  void end_soon(std::string id, std::string reason);
  void end_all(std::string_view reason);

  std::size_t size() const { return sessions_.size(); }
  std::vector<Session*> all() const;
  // Live sessions by the effective address that opened them.
  const std::map<std::string, std::size_t>& by_address() const { return by_address_; }

 private:
  struct Entry {
    std::unique_ptr<Session> session;
    Shares::Holding share;  // of one session
  };
  using Fits = std::function<bool(const Session&)>;

  // The longest-idle session that `fits`; nullptr: there is none.
  const Session* idlest(const Fits& fits) const;
  // Ends the longest-idle expendable session that `fits`. False: there is none.
  bool evict(const Fits& fits, std::string_view reason);
  void evict(const Session& session, std::string_view reason);
  // Ends a session of an owner that has most: an expendable one, else one without calls, else any.
  void evict_of(std::string_view owner);
  bool room_for_owner(const observe::Caller& caller);
  void refused(const observe::Caller& caller, std::string_view reason);
  void sweep();

  Timers& timers_;
  TableLimits limits_;
  observe::Log& log_;
  observe::Metrics& metrics_;
  observe::RateLimitedLog refusals_;
  const observe::Calls* calls_ = nullptr;
  http::Budget* budget_ = nullptr;
  Shares shares_;
  std::unordered_map<std::string_view, Entry> sessions_;  // by Session::id()
  std::map<std::string, std::size_t> by_address_;
  std::vector<std::pair<std::string, std::string>> ending_;  // id and reason
  Timer end_timer_;
  Timer timer_;
  bool sweeping_ = false;
};

}  // namespace sidecar::session
