// AsioTimers: Timers on the real steady clock and the loop.
#pragma once

#include <boost/asio/io_context.hpp>

#include "util/timers.hpp"

namespace sidecar {

class AsioTimers : public Timers {
 public:
  explicit AsioTimers(boost::asio::io_context& loop) : loop_(loop) {}
  Clock::time_point now() const override { return Clock::now(); }
  [[nodiscard]] Timer after(Clock::duration delay, std::function<void()> action) override;

 private:
  boost::asio::io_context& loop_;
};

}  // namespace sidecar
