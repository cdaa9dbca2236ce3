// OutputQueue: the unsent output of one connection, in order, as pieces that are moved in, not
// copied. Counts bytes; limits are checked by its user. Allocates nothing while empty. Owned by a
// Connection; loop thread only.
#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sidecar::http {

struct Piece {
  std::string head{};
  std::string body{};
  std::string_view tail{};  // static text
  // Belongs to the piece that follows, e.g. the head of an event stream.
  bool lead = false;

  std::size_t size() const { return head.size() + body.size() + tail.size(); }
};

class OutputQueue {
 public:
  static constexpr std::size_t kMaxBuffers = 64;  // per gather write; Asio passes on no more
  using Buffers = std::array<boost::asio::const_buffer, kMaxBuffers>;

  // A piece that follows a lone lead is joined to it; both then count as the piece being sent.
  void push(Piece piece);
  // The next bytes to write, at most `most`, not copied; valid until the next non-const call.
  std::span<const boost::asio::const_buffer> gather(Buffers& room, std::size_t most) const;
  // The socket took `size` of the gathered bytes.
  void consume(std::size_t size);
  void clear();

  bool empty() const { return bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }
  // The bytes that occupy memory: all but static text.
  std::size_t held_bytes() const;
  // The queue holds only a lead, so the next piece will be the one being sent.
  bool only_lead() const { return pieces_.size() == first_ + 1 && pieces_[first_].lead; }
  // Bytes behind the piece that is being sent.
  std::size_t bytes_behind_first() const;

 private:
  std::vector<Piece> pieces_;
  std::size_t first_ = 0;   // index of the piece being sent
  std::size_t offset_ = 0;  // bytes of that piece that were sent
  std::size_t bytes_ = 0;
  std::size_t static_bytes_ = 0;  // static text of the pieces from first_ on
};

}  // namespace sidecar::http
