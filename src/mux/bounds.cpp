// Multiplexer: limits of clients and owners, and what is ended to make room.
#include <algorithm>
#include <fmt/format.h>

#include "mcp/protocol.hpp"
#include "mux/multiplexer.hpp"

namespace sidecar::mux {

namespace code = mcp::code;

// The refusal of a call; nullopt: it is accepted. May end calls of others to make room for it.
std::optional<Answer> Multiplexer::refusal(ClientId client, Owner& owner,
                                           std::string_view client_id, std::size_t size) {
  using std::chrono::seconds;
  if (!closing_.empty()) {
    return make_failure(Outcome::kUnavailable, client_id, code::kConnectionClosed, closing_, {},
                        seconds(1));
  }
  if (trouble_) {
    return make_death_failure(Outcome::kUnavailable, client_id, trouble_->death,
                              trouble_->retry_after);
  }
  if (client != kNoClient && in_flight_.count(client) >= limits_.calls_per_client) {
    return make_failure(
        Outcome::kBusy, client_id, code::kBusy,
        fmt::format("too many calls in flight: this session may have {}", limits_.calls_per_client),
        {}, seconds(1));
  }
  const bool direct = queue_.empty() && takes_calls() && child_.wants_more();
  if (direct && !child_.can_send(size)) {
    return make_failure(Outcome::kUnavailable, client_id, code::kBusy,
                        "the MCP server does not read its input fast enough", {}, seconds(1));
  }
  if (!direct && !fits_client(owner, client, size)) {
    return make_failure(
        Outcome::kBusy, client_id, code::kBusy,
        "too many bytes wait for the MCP server to read them: one client may have a quarter", {},
        seconds(1));
  }
  if (!make_room_for_work(owner)) {
    return beyond_share(
        client_id, "calls", owners_.work, owner.work,
        "too many calls in flight, withdrawn ones that the MCP server still works on included");
  }
  if (!owners_.make_room(owners_.calls, owner.calls, 1,
                         [this](Owner& other) { return end_newest_call(other); })) {
    return beyond_share(client_id, "calls", owners_.calls, owner.calls,
                        "too many calls in flight (MCP_MAX_CALLS)");
  }
  if (!direct && !make_room_for_bytes(owner, size)) {
    return beyond_share(client_id, "waiting_bytes", owners_.waiting, owner.waiting,
                        "the MCP server does not read its input fast enough (MCP_STDIN_QUEUE)");
  }
  return std::nullopt;
}

// kUnavailable if the owner alone uses the whole limit, else kBusy.
Answer Multiplexer::beyond_share(std::string_view client_id, std::string_view limit,
                                 const Shares& shares, const Shares::Holding& holding,
                                 std::string_view what) {
  const std::size_t held = shares.held_by(holding.owner());
  refusals_.warn("call refused", {{"limit", limit}, {"owner", holding.owner()}});
  metrics_.refused(limit).Increment();
  return make_failure(
      held == shares.used() ? Outcome::kUnavailable : Outcome::kBusy, client_id, code::kBusy,
      fmt::format("{}: this key or address holds {} of {}", what, held, shares.limit()), {},
      std::chrono::seconds(1));
}

bool Multiplexer::end_newest_call(Owner& owner) {
  const auto id = in_flight_.newest_of(owner);
  if (!id) return false;
  end_for_others(*id, fmt::format("{} of {} calls in flight (MCP_MAX_CALLS)", owner.calls.amount(),
                                  limits_.calls));
  return true;
}

// Abandons tombstones, oldest first: those of the other owner that has most, or of any owner if it
// has none; and those of `owner` itself if it is the only one. The child may still work on them,
// but they no longer count.
bool Multiplexer::make_room_for_work(Owner& owner) {
  const auto let_go_oldest = [this](const Owner& of) {
    const auto id = in_flight_.oldest_tombstone(&of);
    const auto any = id ? id : in_flight_.oldest_tombstone(nullptr);
    if (any) abandon(*any);
    return any.has_value();
  };
  return owners_.make_room(owners_.work, owner.work, 1, let_go_oldest) ||
         (owner.work.amount() == owners_.work.used() && let_go_oldest(owner));
}

void Multiplexer::end_for_others(WireId id, std::string_view what) {
  const Call& call = *in_flight_.find(id);
  const std::string owner = call.owner->name;
  refusals_.warn("call ended to make room for another key or address",
                 {{"method", call.method.substr(0, 200)}, {"owner", owner}});
  metrics_.refused("call_ended_for_others").Increment();
  end_early(id,
            make_failure(Outcome::kBusy, call.reply.client_id(), code::kBusy,
                         fmt::format("ended to make room for the call of another key or address: "
                                     "this one held {}",
                                     what),
                         {}, std::chrono::seconds(1)),
            "ended to make room for others");
}

// A client's first waiting line is always accepted: the size of one line has its own limit.
bool Multiplexer::fits_client(const Owner& owner, ClientId client, std::size_t size) const {
  const std::size_t waiting = queue_.bytes(owner, client);
  return waiting == 0 || waiting + size <= limits_.waiting_bytes / 4;
}

bool Multiplexer::make_room_for_bytes(Owner& owner, std::size_t size) {
  return queue_.bytes() == 0 ||
         owners_.make_room(owners_.waiting, owner.waiting, size,
                           [this](Owner& other) { return end_newest_waiting(other); });
}

bool Multiplexer::end_newest_waiting(Owner& owner) {
  const std::size_t held = owner.waiting.amount();
  const auto newest = queue_.pop_newest(owner);
  if (!newest) return false;
  if (newest->id == 0) {
    drop("message_beyond_share");
    return true;
  }
  end_for_others(newest->id,
                 fmt::format("{} of {} bytes that wait for the MCP server (MCP_STDIN_QUEUE)", held,
                             limits_.waiting_bytes));
  return true;
}

// Keeps a copy of the call's line for a second child, if there is room.
void Multiplexer::keep(Call& call) {
  if (!call.kept.empty() || call.repeated || call.owner == nullptr) return;
  const auto forget_newest = [this](const Owner& other) {
    const auto id = in_flight_.newest_kept_of(other);
    if (id) release_kept(*in_flight_.find(*id));
    return id.has_value();
  };
  if (!owners_.make_room(owners_.kept, call.owner->kept, call.line.size(), forget_newest)) return;
  call.kept = call.line;
  call.owner->kept.set(call.owner->kept.amount() + call.kept.size());
}

void Multiplexer::release_kept(Call& call) {
  if (call.kept.empty()) return;
  call.owner->kept.set(call.owner->kept.amount() - call.kept.size());
  call.kept = {};
}

}  // namespace sidecar::mux
