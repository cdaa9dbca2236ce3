#include "mux/core/fair_queue.hpp"

#include <algorithm>
#include <utility>

namespace sidecar::mux {

void FairQueue::push(const OwnerPtr& owner, ClientId client, WireId id, std::size_t bytes) {
  ++calls_;
  push(owner, client, Waiting{id, {}, bytes, next_order_++});
}

void FairQueue::push(const OwnerPtr& owner, ClientId client, std::string line) {
  const std::size_t bytes = bytes_of(line);
  push(owner, client, Waiting{0, std::move(line), bytes, next_order_++});
}

void FairQueue::push(const OwnerPtr& owner, ClientId client, Waiting waiting) {
  const auto [lines, new_owner] = owners_.try_emplace(owner.get());
  if (new_owner) {
    lines->second.owner = owner;
    lines->second.turn = turns_.insert(turns_.end(), owner.get());
  }
  const auto [line, new_line] = lines->second.lines.try_emplace(client);
  if (new_line) line->second.turn = lines->second.turns.insert(lines->second.turns.end(), client);
  line->second.bytes += waiting.bytes;
  bytes_ += waiting.bytes;
  owner->waiting.set(owner->waiting.amount() + waiting.bytes);
  shown_.set(bytes_);
  line->second.waiting.push_back(std::move(waiting));
}

std::optional<FairQueue::Waiting> FairQueue::pop() {
  if (turns_.empty()) return std::nullopt;
  const auto owner = owners_.find(turns_.front());
  Lines& lines = owner->second;
  // Both move to the end of their lists first, because take() may remove them from these.
  turns_.splice(turns_.end(), turns_, turns_.begin());
  const auto line = lines.lines.find(lines.turns.front());
  lines.turns.splice(lines.turns.end(), lines.turns, lines.turns.begin());
  return take(owner, line, line->second.waiting.begin());
}

std::optional<FairQueue::Waiting> FairQueue::pop_newest(const Owner& owner) {
  const auto found = owners_.find(&owner);
  if (found == owners_.end()) return std::nullopt;
  auto& lines = found->second.lines;
  const auto line = std::max_element(lines.begin(), lines.end(), [](const auto& a, const auto& b) {
    return a.second.waiting.back().order < b.second.waiting.back().order;
  });
  return take(found, line, std::prev(line->second.waiting.end()));
}

void FairQueue::remove(const Owner& owner, ClientId client, WireId id) {
  const auto found = owners_.find(&owner);
  if (found == owners_.end()) return;
  const auto line = found->second.lines.find(client);
  if (line == found->second.lines.end()) return;
  std::deque<Waiting>& all = line->second.waiting;
  const auto call =
      std::find_if(all.begin(), all.end(), [id](const Waiting& each) { return each.id == id; });
  if (call != all.end()) take(found, line, call);
}

FairQueue::Waiting FairQueue::take(OwnerLines owner, SessionLine line,
                                   const std::deque<Waiting>::iterator& which) {
  Waiting taken = std::move(*which);
  line->second.waiting.erase(which);
  line->second.bytes -= taken.bytes;
  bytes_ -= taken.bytes;
  calls_ -= taken.id != 0;
  shown_.set(bytes_);
  Lines& lines = owner->second;
  lines.owner->waiting.set(lines.owner->waiting.amount() - taken.bytes);
  if (line->second.waiting.empty()) {
    lines.turns.erase(line->second.turn);
    lines.lines.erase(line);
  }
  if (lines.lines.empty()) {
    turns_.erase(lines.turn);
    owners_.erase(owner);
  }
  return taken;
}

std::size_t FairQueue::clear() {
  std::size_t messages = 0;
  for (auto& [owner, lines] : owners_) {
    lines.owner->waiting.set(0);
    for (const auto& [client, line] : lines.lines) messages += line.waiting.size();
  }
  messages -= calls_;
  owners_.clear();
  turns_.clear();
  calls_ = bytes_ = 0;
  shown_.set(bytes_);
  return messages;
}

std::size_t FairQueue::bytes(const Owner& owner, ClientId client) const {
  const auto lines = owners_.find(&owner);
  if (lines == owners_.end()) return 0;
  const auto line = lines->second.lines.find(client);
  return line == lines->second.lines.end() ? 0 : line->second.bytes;
}

}  // namespace sidecar::mux
