#include "audit/queue.hpp"

#include <algorithm>
#include <iterator>

namespace sidecar::audit {

bool Queue::push(Record record) {
  const std::size_t size = record.bytes();
  bool enough = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || bytes_ + size > limit_) return false;
    bytes_ += size;
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
  for (const Record& record : taken) bytes_ -= record.bytes();
  return taken;
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
  return bytes_;
}

}  // namespace sidecar::audit
