#include "mux/core/admission.hpp"

#include <fmt/format.h>

#include "mcp/protocol.hpp"
#include "mux/core/core.hpp"
#include "mux/core/wire.hpp"

namespace sidecar::mux {

namespace code = mcp::code;

std::optional<Answer> Admission::refusal(ClientId client, Owner& owner, std::string_view client_id,
                                         std::size_t size, bool waits) {
  using std::chrono::seconds;
  const Limits& limits = core_.limits();
  Owners& owners = core_.owners();
  if (client != kNoClient && core_.calls().count(client) >= limits.calls_per_client) {
    return make_failure(
        Outcome::kBusy, client_id, code::kBusy,
        fmt::format("too many calls in flight: this session may have {}", limits.calls_per_client),
        {}, seconds(1));
  }
  if (waits && !fits_client(owner, client, size)) {
    return make_failure(
        Outcome::kBusy, client_id, code::kBusy,
        "too many bytes wait for the MCP server to read them: one client may have a quarter", {},
        seconds(1));
  }
  if (!make_room_for_work(owner)) {
    return beyond_share(
        client_id, "calls", owners.work, owner.work,
        "too many calls in flight, withdrawn ones that the MCP server still works on included");
  }
  if (!owners.make_room(owners.calls, owner.calls, 1,
                        [this](Owner& other) { return end_newest_call(other); })) {
    return beyond_share(client_id, "calls", owners.calls, owner.calls,
                        "too many calls in flight (MCP_MAX_CALLS)");
  }
  if (waits && !make_room_for_bytes(owner, size)) {
    return beyond_share(client_id, "waiting_bytes", owners.waiting, owner.waiting,
                        "the MCP server does not read its input fast enough (MCP_STDIN_QUEUE)");
  }
  return std::nullopt;
}

bool Admission::may_wait(Owner& owner, ClientId client, std::size_t size) {
  return fits_client(owner, client, size) && make_room_for_bytes(owner, size);
}

std::optional<Answer> Admission::charge(Call& call) {
  if (!rate_.on() || call.charged) return std::nullopt;
  const auto refused = rate_.charge(call.owner->name, core_.timers().now());
  call.charged = !refused;
  if (!refused) return std::nullopt;
  const ClientEntry* client = core_.clients().find(call.client);
  core_.refusals().warn("rate limit reached", {{"limit", "child"},
                                               {"method", excerpt(call.method)},
                                               {"key", client == nullptr ? "" : client->owner}});
  core_.metrics().refused("rate_child").Increment();
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(refused->wait);
  const Rate& rate = rate_.rate();
  const double window = std::chrono::duration<double>(rate.window).count();
  return make_failure(
      Outcome::kOverRate, call.reply.client_id(), code::kBusy,
      refused->sharers == 0
          ? fmt::format("Rate limit exceeded: all clients together may make {} calls in {} s",
                        rate.requests, window)
          : fmt::format("Rate limit exceeded: {} keys or addresses share {} calls in {} s",
                        refused->sharers, rate.requests, window),
      fmt::format(R"({{"retryAfter":{}}})", seconds.count()), seconds);
}

Answer Admission::beyond_share(std::string_view client_id, std::string_view limit,
                               const Shares& shares, const Shares::Holding& holding,
                               std::string_view what) {
  const std::size_t held = shares.held_by(holding.owner());
  core_.refusals().warn("call refused", {{"limit", limit}, {"owner", holding.owner()}});
  core_.metrics().refused(limit).Increment();
  return make_failure(
      held == shares.used() ? Outcome::kUnavailable : Outcome::kBusy, client_id, code::kBusy,
      fmt::format("{}: this key or address holds {} of {}", what, held, shares.limit()), {},
      std::chrono::seconds(1));
}

bool Admission::end_newest_call(Owner& owner) {
  const auto id = core_.calls().newest_of(owner);
  if (!id) return false;
  end_for_others(*id, fmt::format("{} of {} calls in flight (MCP_MAX_CALLS)", owner.calls.amount(),
                                  core_.limits().calls));
  return true;
}

// Abandons tombstones, oldest first: those of the other owner that has most, or of any owner if it
// has none; and those of `owner` itself if it is the only one. The child may still work on them,
// but they no longer count.
bool Admission::make_room_for_work(Owner& owner) {
  const auto let_go_oldest = [this](const Owner& of) {
    const auto id = core_.calls().oldest_tombstone(&of);
    const auto any = id ? id : core_.calls().oldest_tombstone(nullptr);
    if (any) core_.abandon(*any);
    return any.has_value();
  };
  return core_.owners().make_room(core_.owners().work, owner.work, 1, let_go_oldest) ||
         (owner.work.amount() == core_.owners().work.used() && let_go_oldest(owner));
}

void Admission::end_for_others(WireId id, std::string_view what) {
  const Call& call = *core_.calls().find(id);
  const std::string owner = call.owner->name;
  core_.refusals().warn("call ended to make room for another key or address",
                        {{"method", call.method.substr(0, 200)}, {"owner", owner}});
  core_.metrics().refused("call_ended_for_others").Increment();
  core_.end_early(
      id,
      make_failure(Outcome::kBusy, call.reply.client_id(), code::kBusy,
                   fmt::format("ended to make room for the call of another key or address: "
                               "this one held {}",
                               what),
                   {}, std::chrono::seconds(1)),
      "ended to make room for others");
}

// A client's first waiting line is always accepted: the size of one line has its own limit.
bool Admission::fits_client(const Owner& owner, ClientId client, std::size_t size) const {
  const std::size_t waiting = queue_.bytes(owner, client);
  return waiting == 0 || waiting + size <= core_.limits().waiting_bytes / 4;
}

bool Admission::make_room_for_bytes(Owner& owner, std::size_t size) {
  return queue_.bytes() == 0 ||
         core_.owners().make_room(core_.owners().waiting, owner.waiting, size,
                                  [this](Owner& other) { return end_newest_waiting(other); });
}

bool Admission::end_newest_waiting(Owner& owner) {
  const std::size_t held = owner.waiting.amount();
  const auto newest = queue_.pop_newest(owner);
  if (!newest) return false;
  if (newest->id == 0) {
    core_.drop("message_beyond_share");
    return true;
  }
  end_for_others(newest->id,
                 fmt::format("{} of {} bytes that wait for the MCP server (MCP_STDIN_QUEUE)", held,
                             core_.limits().waiting_bytes));
  return true;
}

void Admission::keep(Call& call) {
  if (!call.kept.empty() || call.repeated || call.owner == nullptr) return;
  const auto forget_newest = [this](const Owner& other) {
    const auto id = core_.calls().newest_kept_of(other);
    if (id) release_kept(*core_.calls().find(*id));
    return id.has_value();
  };
  if (!core_.owners().make_room(core_.owners().kept, call.owner->kept, call.line.size(),
                                forget_newest))
    return;
  call.kept = call.line;
  call.owner->kept.set(call.owner->kept.amount() + call.kept.size());
}

void Admission::release_kept(Call& call) {
  if (call.kept.empty()) return;
  call.owner->kept.set(call.owner->kept.amount() - call.kept.size());
  call.kept = {};
}

}  // namespace sidecar::mux
