#include "mux/in_flight.hpp"

#include <algorithm>

namespace sidecar::mux {

WireId InFlight::open(Call call) {
  const WireId id = next_id_++;
  by_due_.emplace(call.due, id);
  by_client_[call.client].push_back(id);
  calls_.emplace(id, std::move(call));
  return id;
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

void InFlight::withdraw(WireId id) {
  Call& call = calls_.at(id);
  call.withdrawn = true;
  call.reply.forget();
  by_due_.erase({call.due, id});
  tombstones_.insert(id);
  if (tombstones_.size() > kMaxTombstones) {
    const WireId oldest = *tombstones_.begin();
    ++at_child_[calls_.at(oldest).client];  // stays: nobody will learn when the child is done with it
    close(oldest);
  }
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
  const auto origin = at_child_.find(call.client);
  if (--origin->second == 0) at_child_.erase(origin);
}

void InFlight::child_gone() {
  by_number_.clear();
  at_child_.clear();
  for (auto& [id, call] : calls_) call.number = 0;
}

void InFlight::move_due(WireId id, Clock::time_point due) {
  Call& call = calls_.at(id);
  by_due_.erase({call.due, id});
  call.due = std::min(due, call.last_due);
  by_due_.emplace(call.due, id);
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

}  // namespace sidecar::mux
