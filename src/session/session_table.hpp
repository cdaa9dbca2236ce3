// SessionTable: the live sessions by id, limited in total and for each owner. Ends sessions that
// have been idle for too long. Ends an idle session to make room for a new one, because many
// clients never end theirs. The owners share the table (util/shares.hpp): if it is full, a session
// of the owner that has most is ended. Owned by app; loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/rate_limited_log.hpp"
#include "session/session.hpp"
#include "util/shares.hpp"
#include "util/timers.hpp"

namespace sidecar::session {

using TableLimits = config::SessionLimits;

class SessionTable {
 public:
  static constexpr std::size_t kShownId = 8;  // characters

  SessionTable(Timers& timers, TableLimits limits, observe::Log& log, observe::Metrics& metrics);

  // Sessions beyond a lowered limit stay until they end or are evicted.
  void set_limits(TableLimits limits);
  // Makes sure that one more session of `caller` fits, possibly by ending another one. Errors: it
  // does not fit; the text is for the client. Logged and counted.
  Result<void> make_room(const auth::Principal& caller);
  // See mux::EvictIdle.
  bool evict_idle(std::string_view owner, mux::Ending which);
  // An unguessable id: 128 random bits as hex.
  static std::string new_id();
  // The part of an id that logs and pages show: enough to distinguish sessions, too short to use.
  static std::string_view shown(std::string_view id) { return id.substr(0, kShownId); }

  // Applies to sessions added from now on: `calls` records their calls. It outlives them.
  void observe_by(const observe::Calls& calls) { calls_ = &calls; }
  // Applies to sessions added from now on: `budget` counts the bytes that they keep. It outlives
  // them and their calls.
  void charge_to(http::Budget& budget) { budget_ = &budget; }

  // REQUIRES: make_room() succeeded for its caller.
  Session& add(std::unique_ptr<Session> session);
  Session* find(std::string_view id) const;
  // The same for a session of transport S; nullptr also if it is one of another transport.
  template <class S>
  S* find(std::string_view id) const {
    Session* const session = find(id);
    return session == nullptr ? nullptr : session->as<S>();
  }
  // As Session::admit(). A refusal is logged and counted.
  bool admit(Session& session, const std::shared_ptr<const auth::Principal>& caller);
  // Its client knows the session by `id` from now on. REQUIRES: the session is in the table.
  void rename(Session& session, std::string id);
  // Ends a session; unknown ids are ignored. `reason` goes into the log.
  void end(std::string_view id, std::string_view reason);
  // The same on the next turn of the loop; for use in callbacks of the session's own calls.
  void end_soon(std::string id, std::string reason);
  void end_all(std::string_view reason);

  std::size_t size() const { return sessions_.size(); }
  std::vector<Session*> all() const;

 private:
  struct Entry {
    std::unique_ptr<Session> session;
    Shares::Holding share;  // of one session
  };
  using Condition = std::function<bool(const Session&)>;

  // The longest-idle session that matches `condition`; nullptr: there is none.
  const Session* idlest(const Condition& condition) const;
  // Ends the longest-idle expendable session that matches `condition`. False: there is none.
  bool evict(const Condition& condition, std::string_view reason);
  void evict(const Session& session, std::string_view reason);
  // Ends the longest-idle session of an owner: an expendable one, else one without calls, else any.
  // REQUIRES: the owner has a session.
  void evict_of(std::string_view owner);
  bool room_for_owner(const auth::Principal& caller);
  void refused(const auth::Principal& caller, std::string_view reason);
  void sweep();

  Timers& timers_;
  TableLimits limits_;
  observe::Log& log_;
  observe::Metrics& metrics_;
  observe::RateLimitedLog refusals_;
  const observe::Calls* calls_ = nullptr;
  http::Budget* budget_ = nullptr;
  Shares shares_;
  std::unordered_map<std::string_view, Entry> sessions_;     // by Session::id()
  std::vector<std::pair<std::string, std::string>> ending_;  // id and reason
  Timer end_timer_;
  Timer timer_;
  bool sweeping_ = false;
};

}  // namespace sidecar::session
