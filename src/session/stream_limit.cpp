#include "session/stream_limit.hpp"

namespace sidecar::session {

StreamLimit::Ticket::Ticket(StreamLimit& limit, const std::string& address)
    : limit_(&limit), address_(&*limit.open_.try_emplace(address, 0).first) {
  ++address_->second;
  ++limit_->size_;
}

StreamLimit::Ticket& StreamLimit::Ticket::operator=(Ticket&& other) noexcept {
  if (this == &other) return *this;
  release();
  limit_ = std::exchange(other.limit_, nullptr);
  address_ = other.address_;
  return *this;
}

void StreamLimit::Ticket::release() {
  if (limit_ == nullptr) return;
  --limit_->size_;
  if (--address_->second == 0) limit_->open_.erase(limit_->open_.find(address_->first));
  limit_ = nullptr;
}

std::optional<StreamLimit::Ticket> StreamLimit::take(const std::string& address,
                                                     const std::optional<Ticket>& replaced) {
  const auto open = open_.find(address);
  const std::size_t count = open == open_.end() ? 0 : open->second;
  const std::size_t leaving = replaced && replaced->address_->first == address ? 1 : 0;
  if (most_ > 0 && count - leaving >= most_) {
    log_.warn("event stream refused", {{"reason", "streams_per_address"}, {"address", address}});
    metrics_.refused("streams_per_address").Increment();
    return std::nullopt;
  }
  return Ticket(*this, address);
}

}  // namespace sidecar::session
