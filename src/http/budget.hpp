// Budget: the bytes that are buffered for clients, against one limit that the clients' owners share
// (util/shares.hpp). Bytes are counted as they come; nothing is reserved ahead. When they do not
// fit, the largest buffers of the owner that holds most give way to an owner that holds less; else
// they are refused. Owned by app; loop thread only.
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
  // What one connection, or one batch, holds for its owner. The budget outlives it.
  class Buffer {
   public:
    // `evict_idle`: called when others need the room. The bytes are counted no longer; the user
    // drops them soon, but not inside this call.
    Buffer(Budget& budget, std::function<void()> evict_idle);
    ~Buffer() { release(); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    // Sets the owner that the bytes count for. REQUIRES: called before the first hold().
    void set_owner(std::string_view owner, bool has_key);
    bool has_owner() const { return static_cast<bool>(share_); }
    const std::string& owner() const { return share_.owner(); }
    // The owner, when that is a key's name; else empty.
    std::string_view key() const {
      return has_key_ ? std::string_view(owner()) : std::string_view();
    }

    // Whether `bytes` in all are taken; else what it held stays counted. Fewer bytes always are.
    bool hold(std::size_t bytes) {
      if (bytes == share_.amount()) return true;
      if (bytes > share_.amount() && !budget_.make_room(*this, bytes - share_.amount()))
        return false;
      set(bytes);
      return true;
    }
    std::size_t held() const { return share_.amount(); }
    // Holds nothing for nobody, and does not touch the budget again unless it is given an owner.
    void release() {
      set(0);
      share_ = Shares::Holding();
    }
    // Logs and counts a refusal of its bytes. Returns the text for the client: "your
    // key holds 200000000 of 268435456 buffered bytes, …".
    std::string refused(std::string_view address) const;

   private:
    friend class Budget;
    void set(std::size_t bytes);

    Budget& budget_;
    std::function<void()> evict_idle_;
    Shares::Holding share_;
    bool has_key_ = false;
    Buffer* next_ = nullptr;  // of those that hold bytes
    Buffer* previous_ = nullptr;
  };

  Budget(std::size_t limit, observe::RateLimitedLog& log, observe::Metrics& metrics)
      : shares_(limit), log_(log), metrics_(metrics) {}

  // Whether `more` bytes of this owner would be taken now, possibly because others give way.
  // Changes nothing.
  bool takes(const Buffer& buffer, std::uint64_t more) const;

 private:
  // More than a quarter is left: no owner has to be looked at.
  bool plenty_for(std::uint64_t more) const {
    const std::size_t most = shares_.limit() - shares_.quarter();
    return shares_.used() <= most && more <= most - shares_.used();
  }
  bool make_room(const Buffer& buffer, std::size_t more);
  // The largest buffers of `owner` give way until `bytes` are free.
  void reclaim(const std::string& owner, std::size_t bytes);

  Shares shares_;
  observe::RateLimitedLog& log_;
  observe::Metrics& metrics_;
  Buffer* first_ = nullptr;  // of those that hold bytes
};

}  // namespace sidecar::http
