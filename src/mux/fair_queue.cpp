#include "mux/fair_queue.hpp"

#include <algorithm>

namespace sidecar::mux {

void FairQueue::push(Asker::Turn client, WireId id, std::size_t bytes) {
  const auto [line, fresh] = lines_.try_emplace(client);
  if (fresh) line->second.turn = turns_.insert(turns_.end(), client);
  line->second.calls.push_back({id, bytes});
  line->second.bytes += bytes;
  ++size_;
  bytes_ += bytes;
  show();
}

std::optional<WireId> FairQueue::pop() {
  if (turns_.empty()) return std::nullopt;
  const auto line = lines_.find(turns_.front());
  const Waiting next = line->second.calls.front();
  line->second.calls.pop_front();
  account(line->second, next.bytes);
  if (line->second.calls.empty()) {
    drop(line);
  } else {
    turns_.splice(turns_.end(), turns_, turns_.begin());
  }
  return next.id;
}

void FairQueue::remove(Asker::Turn client, WireId id) {
  const auto line = lines_.find(client);
  if (line == lines_.end()) return;
  std::deque<Waiting>& calls = line->second.calls;
  const auto call =
      std::find_if(calls.begin(), calls.end(), [id](const Waiting& each) { return each.id == id; });
  if (call == calls.end()) return;
  account(line->second, call->bytes);
  calls.erase(call);
  if (calls.empty()) drop(line);
}

void FairQueue::clear() {
  lines_.clear();
  turns_.clear();
  size_ = bytes_ = 0;
  show();
}

std::size_t FairQueue::bytes(Asker::Turn client) const {
  const auto line = lines_.find(client);
  return line == lines_.end() ? 0 : line->second.bytes;
}

void FairQueue::account(Line& line, std::size_t gone) {
  line.bytes -= gone;
  --size_;
  bytes_ -= gone;
  show();
}

void FairQueue::drop(std::unordered_map<Asker::Turn, Line>::iterator line) {
  turns_.erase(line->second.turn);
  lines_.erase(line);
}

}  // namespace sidecar::mux
