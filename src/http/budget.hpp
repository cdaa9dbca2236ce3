// Budget: the bytes that all connections together hold in buffers, against one limit.
// Connections report what they hold when it changes; nothing is reserved ahead. Loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "observe/metrics.hpp"

namespace sidecar::http {

class Budget {
 public:
  Budget(std::size_t limit, prometheus::Gauge& gauge) : limit_(limit), gauge_(gauge) {}

  bool fits(std::uint64_t more) const { return used_ <= limit_ && more <= limit_ - used_; }
  bool exceeded() const { return used_ > limit_; }

  // A connection that held `before` bytes holds `now`.
  void change(std::size_t before, std::size_t now) {
    if (before == now) return;
    used_ = used_ - before + now;
    gauge_.Set(static_cast<double>(used_));
  }

 private:
  std::size_t limit_;
  std::size_t used_ = 0;
  prometheus::Gauge& gauge_;
};

}  // namespace sidecar::http
