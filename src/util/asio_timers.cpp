#include "util/asio_timers.hpp"

#include <boost/asio/steady_timer.hpp>

namespace sidecar {
namespace {

// The handler may already be queued when the handle is dropped, so it asks a flag that both of them share.
class AsioPending : public Timer::Pending {
 public:
  AsioPending(boost::asio::io_context& loop, Clock::duration delay, std::function<void()> action)
      : timer_(loop, delay), alive_(std::make_shared<bool>(true)) {
    timer_.async_wait([alive = alive_, action = std::move(action)](const boost::system::error_code& error) {
      if (!error && *alive) action();
    });
  }
  ~AsioPending() override { *alive_ = false; }

 private:
  boost::asio::steady_timer timer_;
  std::shared_ptr<bool> alive_;
};

}  // namespace

Timer AsioTimers::after(Clock::duration delay, std::function<void()> action) {
  return Timer(std::make_unique<AsioPending>(loop_, delay, std::move(action)));
}

}  // namespace sidecar
