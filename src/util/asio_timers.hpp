// AsioTimers: Timers on the real steady clock and the loop. All that wait share one timer of the loop, so
// that one more costs a place in a tree. Outlives its Timer handles.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>

#include "util/timers.hpp"

namespace sidecar {

class AsioTimers : public Timers {
 public:
  explicit AsioTimers(boost::asio::io_context& loop) : timer_(loop) {}
  Clock::time_point now() const override { return Clock::now(); }
  [[nodiscard]] Timer after(Clock::duration delay, std::function<void()> action) override;

 private:
  class Waiting;
  static constexpr Clock::time_point kNever = Clock::time_point::max();

  void arm();
  void run_due();

  boost::asio::steady_timer timer_;
  Clock::time_point armed_for_ = kNever;  // not after the first of them
  std::multimap<Clock::time_point, Waiting*> waiting_;
};

}  // namespace sidecar
