#include "mux/core/in_flight.hpp"

#include <algorithm>

namespace sidecar::mux {
namespace {

void change(Shares::Holding& holding, int by) {
  holding.set(holding.amount() + static_cast<std::size_t>(by));
}

}  // namespace

WireId InFlight::open(Call&& call) {
  const WireId id = take_id();
  adopt(id, std::move(call));
  return id;
}

void InFlight::adopt(WireId id, Call&& call) {
  ClientCalls& client = calls_of(call.client);
  Entry& entry = calls_.try_emplace(id, id, std::move(call), client).first->second;
  client.calls.push_back(entry);
  if (entry.paused == 0) schedule(entry);
  if (entry.owner == nullptr) return;
  change(entry.owner->calls, 1);
  change(entry.owner->work, 1);
}

InFlight::ClientCalls& InFlight::calls_of(ClientId client) {
  return clients_.try_emplace(client, client).first->second;
}

void InFlight::forget_if_idle(ClientCalls& client) {
  if (client.calls.empty() && client.at_child == 0) clients_.erase(client.client);
}

void InFlight::schedule(Entry& entry) {
  by_due_.insert(by_due_.end(), entry);  // hint: usually the latest
}

void InFlight::unschedule(Entry& entry) {
  if (entry.by_due.is_linked()) by_due_.erase(by_due_.iterator_to(entry));
}

Call* InFlight::find(WireId id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second;
}

std::optional<WireId> InFlight::find(ClientId client, std::string_view client_id) const {
  const auto of_client = clients_.find(client);
  if (of_client == clients_.end()) return std::nullopt;
  for (const Entry& call : of_client->second.calls) {
    if (!call.withdrawn && !call.by_sidecar && call.reply.client_id() == client_id) return call.id;
  }
  return std::nullopt;
}

std::optional<WireId> InFlight::find_number(child::LineNumber number) const {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return std::nullopt;
  return found->id;
}

std::optional<Call> InFlight::close(WireId id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return std::nullopt;
  Entry& entry = found->second;
  ClientCalls& client = entry.siblings;
  unschedule(entry);
  if (entry.owner != nullptr) {
    if (!entry.withdrawn) change(entry.owner->calls, -1);
    change(entry.owner->work, -1);
  }
  tombstones_.erase(id);
  if (entry.by_number.is_linked()) by_number_.erase(by_number_.iterator_to(entry));
  client.calls.erase(client.calls.iterator_to(entry));
  if (entry.number != 0)
    work_ends(client);
  else
    forget_if_idle(client);
  std::optional<Call> call(std::move(static_cast<Call&>(entry)));
  calls_.erase(found);
  return call;
}

void InFlight::withdraw(WireId id, Clock::time_point until) {
  Entry& call = calls_.at(id);
  call.withdrawn = true;
  if (call.owner != nullptr) change(call.owner->calls, -1);
  call.reply.forget();
  unschedule(call);
  call.due = until;
  schedule(call);
  tombstones_.insert(id);
}

void InFlight::abandon(WireId id) {
  const auto call = close(id);
  work_begins(call->client);
  let_go_.emplace(id, LetGo{call->client, call->task});
  if (let_go_.size() <= kMaxLetGo) return;
  work_ends(let_go_.begin()->second.client);
  work_begins(kNoClient);
  let_go_.erase(let_go_.begin());
}

std::optional<InFlight::LetGo> InFlight::answered_late(WireId id) {
  const auto node = let_go_.extract(id);
  if (node.empty()) return std::nullopt;
  work_ends(node.mapped().client);
  return node.mapped();
}

void InFlight::handed_over(WireId id, child::LineNumber number) {
  Entry& call = calls_.at(id);
  call.number = number;
  by_number_.insert(by_number_.end(), call);
  work_begins(call.siblings);
}

void InFlight::work_begins(ClientCalls& client) {
  if (client.at_child++ == 0) at_work_.push_back(client);
}

void InFlight::work_ends(ClientId client) {
  const auto found = clients_.find(client);
  if (found != clients_.end()) work_ends(found->second);
}

void InFlight::work_ends(ClientCalls& client) {
  if (client.at_child > 0 && --client.at_child == 0) at_work_.erase(at_work_.iterator_to(client));
  forget_if_idle(client);
}

void InFlight::child_gone() {
  by_number_.clear();
  let_go_.clear();
  for (auto& [id, call] : calls_) call.number = 0;
  while (!at_work_.empty()) {
    at_work_.front().at_child = 1;
    work_ends(at_work_.front());
  }
}

void InFlight::move_due(WireId id, Clock::time_point due) {
  Entry& call = calls_.at(id);
  unschedule(call);
  call.due = std::min(due, call.last_due);
  if (call.paused == 0) schedule(call);
}

void InFlight::pause(WireId id) {
  Entry& call = calls_.at(id);
  if (call.paused++ == 0) unschedule(call);
}

void InFlight::resume(WireId id, Clock::time_point now, Clock::duration stood) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.paused == 0) return;
  Entry& call = found->second;
  call.last_due += stood;
  if (--call.paused > 0 || call.withdrawn) return;
  call.due = std::min(now + call.timeout, call.last_due);
  schedule(call);
}

std::optional<Clock::time_point> InFlight::earliest_due() const {
  if (by_due_.empty()) return std::nullopt;
  return by_due_.begin()->due;
}

std::vector<WireId> InFlight::expired(Clock::time_point now) const {
  std::vector<WireId> ids;
  for (const Entry& call : by_due_) {
    if (call.due > now) break;
    ids.push_back(call.id);
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
  std::vector<WireId> ids;
  const auto found = clients_.find(client);
  if (found == clients_.end()) return ids;
  ids.reserve(found->second.calls.size());
  for (const Entry& call : found->second.calls) ids.push_back(call.id);
  return ids;
}

template <class Fits>
std::optional<WireId> InFlight::newest(Fits fits) const {
  const auto found = std::find_if(calls_.rbegin(), calls_.rend(),
                                  [&fits](const auto& entry) { return fits(entry.second); });
  if (found == calls_.rend()) return std::nullopt;
  return found->first;
}

std::optional<WireId> InFlight::newest_of(const Owner& owner) const {
  return newest([&owner](const Call& call) { return call.owner == &owner && !call.withdrawn; });
}

std::optional<WireId> InFlight::newest_kept_of(const Owner& owner) const {
  return newest([&owner](const Call& call) { return call.owner == &owner && !call.kept.empty(); });
}

std::optional<WireId> InFlight::oldest_tombstone(const Owner* owner) const {
  const auto found = std::find_if(tombstones_.begin(), tombstones_.end(), [&](WireId id) {
    return owner == nullptr || calls_.at(id).owner == owner;
  });
  if (found == tombstones_.end()) return std::nullopt;
  return *found;
}

std::size_t InFlight::count(ClientId client) const {
  const auto found = clients_.find(client);
  return found == clients_.end() ? 0 : found->second.calls.size();
}

std::optional<ClientId> InFlight::sole_origin() const {
  if (at_work_.size() != 1) return std::nullopt;
  return at_work_.front().client;
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
