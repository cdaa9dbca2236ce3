// Budget: the bytes buffered for clients, under one limit that the owners (keys, addresses) share
// (util/shares.hpp). Bytes are counted when they arrive; nothing is reserved ahead. When the limit
// is reached, the largest buffers of the owner that holds most are evicted for an owner that holds
// less; otherwise the new bytes are refused. Owned by app; loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "observe/metrics.hpp"
#include "observe/rate_limited_log.hpp"
#include "util/shares.hpp"

namespace sidecar::http {

class Budget {
 public:
  // The bytes that one connection, or one batch, holds for its owner. The budget outlives it.
  class Buffer {
   public:
    // `evict_idle`: called when the buffer is evicted. Its bytes are no longer counted; the user
    // must drop them soon, but not inside this call.
    Buffer(Budget& budget, std::function<void()> evict_idle);
    ~Buffer() { release(); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    // Sets the owner that the bytes count for. REQUIRES: called before the first hold().
    void set_owner(std::string_view owner, bool has_key);
    bool has_owner() const { return static_cast<bool>(share_); }
    const std::string& owner() const { return share_.owner(); }
    // The owner if it is the name of a key; else empty.
    std::string_view key() const {
      return has_key_ ? std::string_view(owner()) : std::string_view();
    }

    // Sets the bytes held to `bytes`; false: refused, and the old amount stays counted. Fewer bytes
    // are always accepted.
    bool hold(std::size_t bytes) {
      if (bytes == share_.amount()) return true;
      if (bytes > share_.amount() && !budget_.make_room(*this, bytes - share_.amount()))
        return false;
      set(bytes);
      return true;
    }
    std::size_t held() const { return share_.amount(); }
    // Holds no bytes and has no owner; does not touch the budget again until set_owner().
    void release() {
      set(0);
      share_ = Shares::Holding();
    }
    // Logs and counts a refusal of its bytes. Returns the text for the client: "your key holds
    // 200000000 of 268435456 buffered bytes, …".
    std::string refused(std::string_view address) const;

   private:
    friend class Budget;
    void set(std::size_t bytes);

    Budget& budget_;
    std::function<void()> evict_idle_;
    Shares::Holding share_;
    bool has_key_ = false;
    Buffer* next_ = nullptr;  // list of the buffers that hold bytes
    Buffer* previous_ = nullptr;
  };

  Budget(std::size_t limit, observe::RateLimitedLog& log, observe::Metrics& metrics)
      : shares_(limit), log_(log), metrics_(metrics) {}

  // Whether `more` bytes of this owner would be accepted now, possibly by evicting others. Changes
  // nothing.
  bool takes(const Buffer& buffer, std::uint64_t more) const;

 private:
  // Fast path: with more than a quarter left, no owner needs to be looked up.
  bool plenty_for(std::uint64_t more) const {
    const std::size_t most = shares_.limit() - shares_.quarter();
    return shares_.used() <= most && more <= most - shares_.used();
  }
  bool make_room(const Buffer& buffer, std::size_t more);
  // Evicts the largest buffers of `owner` until `bytes` are free.
  void reclaim(const std::string& owner, std::size_t bytes);

  Shares shares_;
  observe::RateLimitedLog& log_;
  observe::Metrics& metrics_;
  Buffer* first_ = nullptr;  // list of the buffers that hold bytes
};

}  // namespace sidecar::http
