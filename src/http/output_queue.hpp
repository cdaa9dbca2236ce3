// OutputQueue: what one connection has still to give to its socket, in order, as pieces that are
// moved in, never copied. Counts bytes; knows nothing of limits (its user asks and decides). Takes
// no memory of its own while empty.
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
  // only leads in to the piece that follows, e.g. the head of an event stream
  bool lead = false;

  std::size_t size() const { return head.size() + body.size() + tail.size(); }
};

class OutputQueue {
 public:
  static constexpr std::size_t kMaxBuffers = 64;  // of one gather write, as many as Asio passes on
  using Buffers = std::array<boost::asio::const_buffer, kMaxBuffers>;

  // A piece that follows a lone lead is joined to it: both are then the piece being sent.
  void push(Piece piece);
  // The next bytes to write, at most `most`, without copying; valid until the next call that is not
  // const.
  std::span<const boost::asio::const_buffer> gather(Buffers& room, std::size_t most) const;
  // The socket took `size` of the gathered bytes.
  void consume(std::size_t size);
  void clear();

  bool empty() const { return bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }
  // Those that take memory of the queue's own: all but static text.
  std::size_t held_bytes() const;
  // Only a lead waits: the next piece will be the one being sent.
  bool only_lead() const { return pieces_.size() == first_ + 1 && pieces_[first_].lead; }
  // Bytes behind the piece that is being sent.
  std::size_t bytes_behind_first() const;

 private:
  std::vector<Piece> pieces_;
  std::size_t first_ = 0;   // pieces before it are done
  std::size_t offset_ = 0;  // bytes of the first piece that are done
  std::size_t bytes_ = 0;
  std::size_t static_bytes_ = 0;  // in whole pieces, from first_ on
};

}  // namespace sidecar::http
