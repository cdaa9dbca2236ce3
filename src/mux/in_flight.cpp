#include "mux/in_flight.hpp"

#include <algorithm>

#include "mux/method_rules.hpp"

namespace sidecar::mux {

bool Call::lists() const { return rule != nullptr && rule->list && !subject.empty(); }

WireId InFlight::open(Call call) {
  const WireId id = take_id();
  adopt(id, std::move(call));
  return id;
}

void InFlight::adopt(WireId id, Call call) {
  if (call.paused == 0) by_due_.emplace(call.due, id);
  by_client_[call.client].push_back(id);
  calls_.emplace(id, std::move(call));
}

Call* InFlight::find(WireId id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second;
}

std::optional<WireId> InFlight::find(ClientId client, std::string_view client_id) const {
  const auto ids = by_client_.find(client);
  if (ids == by_client_.end()) return std::nullopt;
  for (WireId id : ids->second) {
    const Call& call = calls_.at(id);
    if (!call.withdrawn && call.reply.client_id() == client_id) return id;
  }
  return std::nullopt;
}

std::optional<WireId> InFlight::find_number(child::LineNumber number) const {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return std::nullopt;
  return found->second;
}

std::optional<Call> InFlight::close(WireId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return std::nullopt;
  Call call = std::move(found->second);
  calls_.erase(found);
  by_due_.erase({call.due, id});
  tombstones_.erase(id);
  const auto ids = by_client_.find(call.client);
  std::erase(ids->second, id);
  if (ids->second.empty()) by_client_.erase(ids);
  forget_number(call);
  return call;
}

void InFlight::withdraw(WireId id, Clock::time_point until) {
  Call& call = calls_.at(id);
  call.withdrawn = true;
  call.reply.forget();
  by_due_.erase({call.due, id});
  call.due = until;
  by_due_.emplace(call.due, id);
  tombstones_.insert(id);
  if (tombstones_.size() > kMaxTombstones) let_go(*tombstones_.begin());
}

void InFlight::let_go(WireId id) {
  const auto call = close(id);
  ++at_child_[call->client];
  let_go_.emplace(id, LetGo{call->client, call->task});
  if (let_go_.size() > kMaxLetGo) let_go_.erase(let_go_.begin());
}

std::optional<InFlight::LetGo> InFlight::answered_late(WireId id) {
  const auto node = let_go_.extract(id);
  if (node.empty()) return std::nullopt;
  work_ends(node.mapped().client);
  return node.mapped();
}

void InFlight::handed_over(WireId id, child::LineNumber number) {
  Call& call = calls_.at(id);
  call.number = number;
  by_number_.emplace(number, id);
  ++at_child_[call.client];
}

void InFlight::forget_number(const Call& call) {
  if (call.number == 0) return;
  by_number_.erase(call.number);
  work_ends(call.client);
}

void InFlight::work_ends(ClientId client) {
  const auto origin = at_child_.find(client);
  if (origin != at_child_.end() && --origin->second == 0) at_child_.erase(origin);
}

void InFlight::child_gone() {
  by_number_.clear();
  at_child_.clear();
  let_go_.clear();
  for (auto& [id, call] : calls_) call.number = 0;
}

void InFlight::move_due(WireId id, Clock::time_point due) {
  Call& call = calls_.at(id);
  by_due_.erase({call.due, id});
  call.due = std::min(due, call.last_due);
  if (call.paused == 0) by_due_.emplace(call.due, id);
}

void InFlight::pause(WireId id) {
  Call& call = calls_.at(id);
  if (call.paused++ == 0) by_due_.erase({call.due, id});
}

void InFlight::resume(WireId id, Clock::time_point now, Clock::duration stood) {
  Call* call = find(id);
  if (call == nullptr || call->paused == 0) return;
  call->last_due += stood;
  if (--call->paused > 0 || call->withdrawn) return;
  call->due = std::min(now + call->timeout, call->last_due);
  by_due_.emplace(call->due, id);
}

std::optional<Clock::time_point> InFlight::earliest_due() const {
  if (by_due_.empty()) return std::nullopt;
  return by_due_.begin()->first;
}

std::vector<WireId> InFlight::expired(Clock::time_point now) const {
  std::vector<WireId> ids;
  for (const auto& [due, id] : by_due_) {
    if (due > now) break;
    ids.push_back(id);
  }
  return ids;
}

std::vector<WireId> InFlight::all() const {
  std::vector<WireId> ids;
  ids.reserve(calls_.size());
  for (const auto& [id, call] : calls_) ids.push_back(id);
  return ids;
}

std::vector<WireId> InFlight::of_client(ClientId client) const {
  const auto ids = by_client_.find(client);
  return ids == by_client_.end() ? std::vector<WireId>{} : ids->second;
}

std::size_t InFlight::count(ClientId client) const {
  const auto ids = by_client_.find(client);
  return ids == by_client_.end() ? 0 : ids->second.size();
}

std::optional<ClientId> InFlight::sole_origin() const {
  if (at_child_.size() != 1) return std::nullopt;
  return at_child_.begin()->first;
}

std::vector<WireId> InFlight::calls_at_child(ClientId client) const {
  std::vector<WireId> ids = of_client(client);
  std::erase_if(ids, [this](WireId id) {
    const Call& call = calls_.at(id);
    return call.number == 0 || call.withdrawn;
  });
  return ids;
}

std::optional<WireId> InFlight::sole_call(ClientId client) const {
  const std::vector<WireId> ids = calls_at_child(client);
  if (ids.size() != 1) return std::nullopt;
  return ids.front();
}

std::optional<Clock::time_point> InFlight::oldest_sent() const {
  for (const auto& [id, call] : calls_) {
    if (call.number != 0 && !call.withdrawn && call.paused == 0) return call.sent;
  }
  return std::nullopt;
}

}  // namespace sidecar::mux
