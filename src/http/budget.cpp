#include "http/budget.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace sidecar::http {

Budget::Buffer::Buffer(Budget& budget, std::function<void()> evict_idle)
    : budget_(budget), evict_idle_(std::move(evict_idle)) {}

void Budget::Buffer::set_owner(std::string_view owner, bool has_key) {
  has_key_ = has_key;
  if (share_ && share_.owner() == owner) return;
  const std::size_t held = share_.amount();
  share_ = budget_.shares_.hold(owner);
  if (held > 0) share_.set(held);
}

std::string Budget::Buffer::refused(std::string_view address) const {
  static constexpr std::string_view kReason = "buffers_full";
  std::string why =
      shares_text(budget_.shares_, share_.owner(), has_key_, "buffered bytes", "MCP_MAX_BUFFERED");
  budget_.metrics_.refused(kReason).Increment();
  budget_.log_.warn("request refused",
                    {{"reason", kReason}, {"address", address}, {"key", key()}, {"why", why}});
  return why;
}

void Budget::Buffer::set(std::size_t bytes) {
  const std::size_t before = share_.amount();
  if (bytes == before) return;
  share_.set(bytes);
  budget_.metrics_.buffered_bytes.Set(static_cast<double>(budget_.shares_.used()));
  if (before == 0) {
    previous_ = nullptr;
    next_ = std::exchange(budget_.first_, this);
    if (next_ != nullptr) next_->previous_ = this;
  } else if (bytes == 0) {
    (previous_ != nullptr ? previous_->next_ : budget_.first_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
  }
}

bool Budget::takes(const Buffer& buffer, std::uint64_t more) const {
  if (plenty_for(more)) return true;
  const Shares::Admission admission = shares_.admit(buffer.owner(), static_cast<std::size_t>(more));
  return admission.fits || admission.from;
}

bool Budget::make_room(const Buffer& buffer, std::size_t more) {
  // While nothing is held, any amount is accepted: an answer may be larger than the limit.
  if (plenty_for(more) || shares_.used() == 0) return true;
  for (;;) {
    const Shares::Admission admission = shares_.admit(buffer.owner(), more);
    if (admission.fits || !admission.from) return admission.fits;
    const std::size_t after = shares_.used() + more;
    if (after <= shares_.limit()) return true;
    reclaim(*admission.from, after - shares_.limit());
  }
}

void Budget::reclaim(const std::string& owner, std::size_t bytes) {
  std::vector<Buffer*> buffers;
  for (Buffer* each = first_; each != nullptr; each = each->next_) {
    if (each->owner() == owner) buffers.push_back(each);
  }
  const auto smaller = [](const Buffer* a, const Buffer* b) { return a->held() < b->held(); };
  std::make_heap(buffers.begin(), buffers.end(), smaller);
  while (bytes > 0 && !buffers.empty()) {
    std::pop_heap(buffers.begin(), buffers.end(), smaller);
    Buffer& largest = *buffers.back();
    buffers.pop_back();
    bytes -= std::min(bytes, largest.held());
    largest.set(0);
    largest.evict_idle_();
  }
}

}  // namespace sidecar::http
