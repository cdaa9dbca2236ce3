#include "session/session_table.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "util/crypto.hpp"

namespace sidecar::session {
namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::string_view kRefused = "Connection limit exceeded";  // the predecessor's text

}  // namespace

SessionTable::SessionTable(Timers& timers, TableLimits limits, observe::Log& log,
                           observe::Metrics& metrics)
    : timers_(timers),
      limits_(limits),
      log_(log),
      metrics_(metrics),
      refusals_(log, timers),
      shares_(limits.sessions) {}

void SessionTable::set_limits(TableLimits limits) {
  limits_ = limits;
  shares_.set_limit(limits.sessions);
  if (sweeping_) sweep();
}

std::string SessionTable::new_id() { return random_hex(kIdBytes); }

Result<void> SessionTable::make_room(const auth::Principal& caller) {
  const std::string& owner = caller.share_owner();
  if (!room_for_owner(caller)) {
    refused(caller, "sessions_per_key");
    return fail(
        fmt::format("{}: your key has {} sessions open, and may have {} (MCP_MAX_SESSIONS_PER_KEY)",
                    kRefused, shares_.held_by(owner), limits_.sessions_per_owner));
  }
  const Shares::Admission admission = shares_.admit(owner, 1);
  if (admission.fits) return {};
  if (admission.from) {
    evict_of(*admission.from);
    return {};
  }
  // A session may be ended if it is the caller's own, or if its owner has at least as many as the
  // caller would then have.
  const std::size_t then = shares_.held_by(owner) + 1;
  const auto may_go = [&](const Session& session) {
    const std::string& other = session.caller().share_owner();
    return other == owner || shares_.held_by(other) >= then;
  };
  if (evict(may_go, "the session limit is reached")) return {};
  refused(caller, "sessions");
  return fail(
      fmt::format("{}: {}", kRefused,
                  shares_text(shares_, owner, caller.has_key, "sessions", "MCP_MAX_CONNECTIONS")));
}

bool SessionTable::room_for_owner(const auth::Principal& caller) {
  if (limits_.sessions_per_owner == 0 || !caller.has_key) return true;
  if (shares_.held_by(caller.owner) < limits_.sessions_per_owner) return true;
  return evict([&caller](const Session& session) { return session.belongs_to(caller); },
               "the limit of sessions of its key is reached");
}

bool SessionTable::admit(Session& session, const std::shared_ptr<const auth::Principal>& caller) {
  if (session.admit(caller)) return true;
  refused(*caller, "session_of_another_owner");
  return false;
}

void SessionTable::refused(const auth::Principal& caller, std::string_view reason) {
  refusals_.warn("session refused",
                 {{"reason", reason}, {"address", caller.address}, {"key", caller.owner}});
  metrics_.refused(reason).Increment();
}

bool SessionTable::evict_idle(std::string_view owner, mux::Ending which) {
  const auto may_end = [owner, which](const Session& session) {
    return session.has_dedicated_child() && session.caller().share_owner() == owner &&
           (which == mux::Ending::kAny || session.expendable() ||
            (which == mux::Ending::kIdle && session.calls() == 0));
  };
  const Session* const found = idlest(may_end);
  if (found != nullptr) evict(*found, "the limit of dedicated children is reached");
  return found != nullptr;
}

const Session* SessionTable::idlest(const Condition& condition) const {
  const Session* idlest = nullptr;
  for (const auto& [id, entry] : sessions_) {
    const Session* const session = entry.session.get();
    if (!condition(*session)) continue;
    if (idlest == nullptr || session->last_active() < idlest->last_active()) idlest = session;
  }
  return idlest;
}

bool SessionTable::evict(const Condition& condition, std::string_view reason) {
  const Session* const found = idlest(
      [&condition](const Session& session) { return session.expendable() && condition(session); });
  if (found != nullptr) evict(*found, reason);
  return found != nullptr;
}

void SessionTable::evict(const Session& session, std::string_view reason) {
  metrics_.sessions_evicted.Increment();
  end(session.id(), reason);
}

void SessionTable::evict_of(std::string_view owner) {
  static constexpr std::string_view kReason =
      "the session limit is reached and its key has the most sessions";
  const auto owned = [owner](const Session& session) {
    return session.caller().share_owner() == owner;
  };
  if (evict(owned, kReason)) return;
  const Session* found =
      idlest([&owned](const Session& session) { return owned(session) && session.calls() == 0; });
  if (found == nullptr) found = idlest(owned);
  evict(*found, kReason);
}

Session& SessionTable::add(std::unique_ptr<Session> session) {
  Session& added = *session;
  if (calls_ != nullptr) added.observe_by(*calls_);
  if (budget_ != nullptr) added.charge_to(*budget_);
  log_.info("session started", {{"session", shown(added.id())},
                                {"address", added.caller().address},
                                {"key", added.caller().owner}});
  Entry entry{std::move(session), shares_.hold(added.caller().share_owner())};
  entry.share.set(1);
  sessions_.emplace(added.id(), std::move(entry));
  metrics_.sessions.Set(static_cast<double>(sessions_.size()));
  if (!sweeping_) sweep();
  return added;
}

Session* SessionTable::find(std::string_view id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.session.get();
}

void SessionTable::rename(Session& session, std::string id) {
  auto node = sessions_.extract(session.id());
  session.set_id(std::move(id));
  node.key() = session.id();
  sessions_.insert(std::move(node));
}

void SessionTable::end(std::string_view id, std::string_view reason) {
  const auto node = sessions_.extract(id);  // find() must not return it while it ends
  if (node.empty()) return;
  const auth::Principal& opener = node.mapped().session->caller();
  const std::string& address = opener.address;
  log_.info("session ended",
            {{"session", shown(node.key())}, {"address", address}, {"reason", reason}});
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
  for (const auto& [id, entry] : sessions_) sessions.push_back(entry.session.get());
  return sessions;
}

// Runs four times per idle time, so a session ends at most a quarter of it late.
void SessionTable::sweep() {
  for (const Session* session : all()) {
    if (session->idle_since(timers_.now() - limits_.idle)) end(session->id(), "idle");
  }
  sweeping_ = !sessions_.empty();
  if (sweeping_)
    timer_ = timers_.after(std::max(limits_.idle / 4, std::chrono::milliseconds(1)),
                           [this] { sweep(); });
}

}  // namespace sidecar::session
