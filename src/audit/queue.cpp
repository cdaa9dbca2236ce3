#include "audit/queue.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace sidecar::audit {

bool Queue::reserve(std::string_view owner, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!shares_.leaves_room(owner, bytes)) return false;
  holdings_.add(owner, bytes);
  return true;
}

bool Queue::push(Record record, std::size_t reserved) {
  const std::size_t size = record.bytes();
  bool enough = false;
  {
    const std::lock_guard lock(mutex_);
    if (reserved > 0) holdings_.remove(record.owner(), reserved);
    if (closed_ || (reserved < size && !shares_.leaves_room(record.owner(), size))) return false;
    holdings_.add(record.owner(), size);
    records_.push_back(std::move(record));
    enough = records_.size() >= wanted_;
  }
  if (enough) changed_.notify_one();
  return true;
}

std::vector<Record> Queue::take(std::size_t most) {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(most, records_.size()));
  std::vector<Record> taken(std::make_move_iterator(records_.begin()),
                            std::make_move_iterator(records_.begin() + count));
  records_.erase(records_.begin(), records_.begin() + count);
  return taken;
}

void Queue::release(std::span<const Record> records) {
  // Summed before the lock is taken, because the loop thread may wait for it.
  std::map<std::string_view, std::size_t> placed;
  for (const Record& record : records) placed[record.owner()] += record.bytes();
  const std::lock_guard lock(mutex_);
  for (const auto& [owner, bytes] : placed) holdings_.remove(owner, bytes);
}

void Queue::wait(Clock::time_point until, std::size_t enough) {
  std::unique_lock lock(mutex_);
  wanted_ = enough;
  changed_.wait_until(lock, until, [&] { return closed_ || records_.size() >= enough; });
}

void Queue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_one();
}

bool Queue::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::size_t Queue::size() const {
  const std::lock_guard lock(mutex_);
  return records_.size();
}

std::size_t Queue::bytes() const {
  const std::lock_guard lock(mutex_);
  return shares_.used();
}

}  // namespace sidecar::audit
