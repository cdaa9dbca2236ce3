#include "http/output_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sidecar::http {

void OutputQueue::push(Piece piece) {
  if (piece.size() == 0) return;
  bytes_ += piece.size();
  static_bytes_ += piece.tail.size();
  if (only_lead()) {
    Piece& lead = pieces_[first_];
    lead.head += piece.head;
    lead.body = std::move(piece.body);
    lead.tail = piece.tail;
    lead.lead = piece.lead;
    return;
  }
  if (first_ > 16 && first_ * 2 > pieces_.size()) {
    pieces_.erase(pieces_.begin(),
                  pieces_.begin() + static_cast<std::ptrdiff_t>(std::exchange(first_, 0)));
  }
  pieces_.push_back(std::move(piece));
}

std::span<const boost::asio::const_buffer> OutputQueue::gather(Buffers& room,
                                                               std::size_t most) const {
  std::size_t count = 0;
  std::size_t skip = offset_;
  for (std::size_t i = first_; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    for (std::string_view part :
         {std::string_view(piece.head), std::string_view(piece.body), piece.tail}) {
      const std::size_t done = std::min(skip, part.size());
      skip -= done;
      part.remove_prefix(done);
      if (part.empty()) continue;
      if (count == room.size() || most == 0) return {room.data(), count};
      room[count++] = boost::asio::buffer(part, most);
      most -= std::min(most, part.size());
    }
  }
  return {room.data(), count};
}

void OutputQueue::consume(std::size_t size) {
  bytes_ -= size;
  offset_ += size;
  while (first_ < pieces_.size() && offset_ >= pieces_[first_].size()) {
    offset_ -= pieces_[first_].size();
    static_bytes_ -= pieces_[first_].tail.size();
    pieces_[first_++] = Piece{};
  }
  if (bytes_ == 0) clear();
}

void OutputQueue::clear() {
  std::vector<Piece>().swap(pieces_);
  first_ = offset_ = bytes_ = static_bytes_ = 0;
}

std::size_t OutputQueue::held_bytes() const {
  if (empty()) return 0;
  const Piece& first = pieces_[first_];
  const std::size_t sent_of_tail =
      first.tail.size() - std::min(first.tail.size(), first.size() - offset_);
  return bytes_ - (static_bytes_ - sent_of_tail);
}

std::size_t OutputQueue::bytes_behind_first() const {
  if (empty()) return 0;
  return bytes_ - (pieces_[first_].size() - offset_);
}

}  // namespace sidecar::http
