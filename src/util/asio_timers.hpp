// AsioTimers: Timers on the real steady clock and the loop. All pending timers share one timer of
// the loop, so each costs one allocation. Outlives its Timer handles. Loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/set.hpp>

#include "util/timers.hpp"

namespace sidecar {

class AsioTimers : public Timers {
 public:
  explicit AsioTimers(boost::asio::io_context& loop) : timer_(loop) {}
  Clock::time_point now() const override { return Clock::now(); }
  [[nodiscard]] Timer after(Clock::duration delay, std::function<void()> action) override;

 private:
  class Waiting;
  // A pending timer's node in the tree below; unlinked by its destructor.
  struct Place
      : boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>,
                                        boost::intrusive::optimize_size<true>> {
    explicit Place(Clock::time_point its_due) : due(its_due) {}
    bool operator<(const Place& other) const { return due < other.due; }
    const Clock::time_point due;
  };
  static constexpr Clock::time_point kNever = Clock::time_point::max();

  void arm();
  void run_due();

  boost::asio::steady_timer timer_;
  // When timer_ fires; never later than the first pending timer is due.
  Clock::time_point armed_for_ = kNever;
  boost::intrusive::multiset<Place, boost::intrusive::constant_time_size<false>> waiting_;
};

}  // namespace sidecar
