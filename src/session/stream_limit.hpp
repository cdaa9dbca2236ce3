// StreamLimit: counts and limits the event streams that each address has open by GET (/sse, /mcp).
// Owned by app, outlives the sessions; loop thread only.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "observe/metrics.hpp"
#include "observe/rate_limited_log.hpp"

namespace sidecar::session {

class StreamLimit {
 public:
  using Addresses = std::map<std::string, std::size_t>;  // open streams of each; never 0

  // One open stream; counted until the ticket is destroyed. The limit outlives it.
  class Ticket {
   public:
    Ticket(StreamLimit& limit, const std::string& address);
    Ticket(Ticket&& other) noexcept
        : limit_(std::exchange(other.limit_, nullptr)), address_(other.address_) {}
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket() { release(); }

   private:
    friend class StreamLimit;
    void release();

    StreamLimit* limit_;
    Addresses::value_type* address_;
  };

  // `most`: streams of one address; 0: any number.
  StreamLimit(std::size_t most, observe::RateLimitedLog& log, observe::Metrics& metrics)
      : most_(most), log_(log), metrics_(metrics) {}

  // Streams beyond a lowered limit stay until they end.
  void set_most(std::size_t most) { most_ = most; }
  // nullopt: the address is at its limit; logged and counted. `replaced`: a stream that the new one
  // replaces; not counted if it is of the same address.
  std::optional<Ticket> take(const std::string& address,
                             const std::optional<Ticket>& replaced = {});

  std::size_t size() const { return size_; }  // open streams
  const Addresses& by_address() const { return open_; }

 private:
  std::size_t most_;
  observe::RateLimitedLog& log_;
  observe::Metrics& metrics_;
  Addresses open_;
  std::size_t size_ = 0;
};

}  // namespace sidecar::session
