#include "child/line_framer.hpp"

#include <algorithm>
#include <utility>

namespace sidecar::child {

void LineFramer::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t line_feed = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, line_feed);
    if (line_feed == std::string_view::npos) return grow(piece);
    // The line is complete, so only the needed size is reserved.
    append(piece, line_.size() + piece.size() + kPadding);
    deliver();
    bytes.remove_prefix(line_feed + 1);
  }
}

void LineFramer::finish() {
  if (unfinished() > 0) deliver();
}

void LineFramer::grow(std::string_view piece) {
  const std::size_t size = line_.size() + piece.size();
  append(piece,
         std::max({size, 2 * line_.capacity(), size > kLarge ? expected_large_ : 0}) + kPadding);
}

void LineFramer::append(std::string_view piece, std::size_t capacity) {
  if (!discarding_ && piece.size() > limit_ - line_.size()) {
    discarding_ = true;
    discard(std::exchange(line_, {}));
  }
  if (discarding_) return discard(piece);
  if (line_.capacity() < line_.size() + piece.size() + kPadding) line_.reserve(capacity);
  line_.append(piece);
}

void LineFramer::discard(std::string_view piece) {
  discarded_ += piece.size();
  if (first_.size() < kKept) first_.append(piece.substr(0, kKept - first_.size()));
  last_.append(piece.substr(piece.size() - std::min(piece.size(), kKept)));
  if (last_.size() > 2 * kKept) last_.erase(0, last_.size() - kKept);
}

void LineFramer::deliver() {
  if (discarding_) {
    discarding_ = false;
    if (last_.size() > kKept) last_.erase(0, last_.size() - kKept);
    sink_.on_line_too_long(std::exchange(first_, {}), std::exchange(last_, {}),
                           std::exchange(discarded_, 0));
    return;
  }
  if (line_.size() > kLarge) expected_large_ = line_.size();
  if (line_.ends_with('\r')) line_.pop_back();
  sink_.on_line(std::exchange(line_, {}));
}

}  // namespace sidecar::child
