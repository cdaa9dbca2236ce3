#include "session/session_table.hpp"

#include <algorithm>

#include "util/random.hpp"

namespace sidecar::session {
namespace {

constexpr std::size_t kIdBytes = 16;

}  // namespace

SessionTable::SessionTable(Timers& timers, TableLimits limits, observe::Log& log, observe::Metrics& metrics)
    : timers_(timers), limits_(limits), log_(log), metrics_(metrics), refusals_(log, timers) {}

void SessionTable::set_limits(TableLimits limits) {
  limits_ = limits;
  if (sweeping_) sweep();
}

std::string SessionTable::new_id() { return random_hex(kIdBytes); }

bool SessionTable::make_room(const observe::Caller& caller) {
  if (!room_for_owner(caller)) {
    refused(caller, "sessions_per_key");
    return false;
  }
  if (sessions_.size() < limits_.sessions) return true;
  if (evict([](const Session&) { return true; }, "room for a new one")) return true;
  refused(caller, "sessions");
  return false;
}

bool SessionTable::room_for_owner(const observe::Caller& caller) {
  if (limits_.sessions_per_owner == 0 || !caller.has_key) return true;
  const auto count = by_owner_.find(caller.owner);
  if (count == by_owner_.end() || count->second < limits_.sessions_per_owner) return true;
  return evict([&caller](const Session& session) { return session.belongs_to(caller); },
               "room for a new one of its key");
}

bool SessionTable::admit(Session& session, const std::shared_ptr<const observe::Caller>& caller) {
  if (session.admit(caller)) return true;
  refused(*caller, "session_of_another_owner");
  return false;
}

void SessionTable::refused(const observe::Caller& caller, std::string_view reason) {
  refusals_.warn("session refused", {{"reason", reason}, {"address", caller.address}, {"key", caller.owner}});
  metrics_.refused(reason).Increment();
}

bool SessionTable::give_way(const std::string* owner) {
  const auto fits = [owner](const Session& session) {
    return session.has_own_child() && (owner == nullptr || session.caller().owner == *owner);
  };
  return evict(fits, "its child makes room for a new one's");
}

bool SessionTable::evict(const std::function<bool(const Session&)>& fits, std::string_view reason) {
  const Session* idlest = nullptr;
  for (const auto& [id, session] : sessions_) {
    if (!session->expendable() || !fits(*session)) continue;
    if (idlest == nullptr || session->last_active() < idlest->last_active()) idlest = session.get();
  }
  if (idlest == nullptr) return false;
  metrics_.sessions_evicted.Increment();
  end(idlest->id(), reason);
  return true;
}

Session& SessionTable::add(std::unique_ptr<Session> session) {
  Session& added = *session;
  if (calls_ != nullptr) added.observe_by(*calls_);
  log_.info(
      "session started",
      {{"session", shown(added.id())}, {"address", added.caller().address}, {"key", added.caller().owner}});
  sessions_.emplace(added.id(), std::move(session));
  ++by_address_[added.caller().address];
  if (added.caller().has_key) ++by_owner_[added.caller().owner];
  metrics_.sessions.Set(static_cast<double>(sessions_.size()));
  if (!sweeping_) sweep();
  return added;
}

Session* SessionTable::find(std::string_view id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void SessionTable::end(std::string_view id, std::string_view reason) {
  const auto node = sessions_.extract(id);  // found by no one while it ends
  if (node.empty()) return;
  const observe::Caller& opener = node.mapped()->caller();
  const std::string& address = opener.address;
  log_.info("session ended", {{"session", shown(node.key())}, {"address", address}, {"reason", reason}});
  if (--by_address_[address] == 0) by_address_.erase(address);
  if (opener.has_key && --by_owner_[opener.owner] == 0) by_owner_.erase(opener.owner);
  metrics_.sessions.Set(static_cast<double>(sessions_.size()));
}

void SessionTable::end_soon(std::string id, std::string reason) {
  ending_.emplace_back(std::move(id), std::move(reason));
  end_timer_ = timers_.after({}, [this] {
    for (const auto& [each, why] : std::exchange(ending_, {})) end(each, why);
  });
}

void SessionTable::end_all(std::string_view reason) {
  for (const Session* session : all()) end(session->id(), reason);
}

std::vector<Session*> SessionTable::all() const {
  std::vector<Session*> sessions;
  sessions.reserve(sessions_.size());
  for (const auto& [id, session] : sessions_) sessions.push_back(session.get());
  return sessions;
}

// A few times in the idle time, so that a session ends at most a quarter late.
void SessionTable::sweep() {
  for (const Session* session : all()) {
    if (session->idle_since(timers_.now() - limits_.idle)) end(session->id(), "idle");
  }
  sweeping_ = !sessions_.empty();
  if (sweeping_)
    timer_ = timers_.after(std::max(limits_.idle / 4, std::chrono::milliseconds(1)), [this] { sweep(); });
}

}  // namespace sidecar::session
