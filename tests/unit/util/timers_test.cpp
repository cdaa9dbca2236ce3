#include "support/catch.hpp"
#include "support/manual_timers.hpp"
#include "util/asio_timers.hpp"

using namespace sidecar;
using namespace std::chrono_literals;

TEST_CASE("timers: an action runs once, and never after its handle is destroyed") {
  boost::asio::io_context loop;
  AsioTimers timers(loop);
  std::vector<int> ran;
  Timer second;
  Timer first = timers.after(0s, [&] {
    ran.push_back(1);
    second.cancel();
  });
  second = timers.after(0s, [&] { ran.push_back(2); });
  Timer third = timers.after(1ms, [&] {
    ran.push_back(3);
    third = Timer();  // from inside its own action
  });
  loop.run();
  CHECK(ran == std::vector<int>{1, 3});
}

TEST_CASE("timers: actions run in the order of their times, and the loop ends after the last") {
  boost::asio::io_context loop;
  AsioTimers timers(loop);
  std::vector<int> ran;
  std::vector<Timer> kept;
  const auto add = [&](Clock::duration delay, int number) {
    kept.push_back(timers.after(delay, [&ran, number] { ran.push_back(number); }));
  };
  add(3ms, 3);
  add(1ms, 1);
  add(2ms, 2);
  add(-1s, 0);
  add(Clock::duration::max(), 4);
  kept.pop_back();
  add(1h, 5);
  Timer cancels = timers.after(4ms, [&] { kept.clear(); });
  loop.run();
  CHECK(ran == std::vector<int>{0, 1, 2, 3});

  // A timer that an action adds runs after it.
  Timer inner;
  Timer outer = timers.after(0s, [&] {
    inner = timers.after(0s, [&] { ran.push_back(7); });
    ran.push_back(6);
  });
  loop.restart();
  loop.run();
  CHECK(ran == std::vector<int>{0, 1, 2, 3, 6, 7});
}

TEST_CASE("timers: ManualTimers runs actions in order, each at its own time") {
  test::ManualTimers timers;
  const auto begin = timers.now();
  std::vector<Clock::duration> ran;
  Timer late = timers.after(5s, [&] { ran.push_back(timers.now() - begin); });
  Timer again;
  Timer early = timers.after(2s, [&] {
    ran.push_back(timers.now() - begin);
    again = timers.after(1s, [&] { ran.push_back(timers.now() - begin); });
  });
  timers.advance(4s);
  CHECK(ran == std::vector<Clock::duration>{2s, 3s});
  timers.advance(1s);
  CHECK(ran.back() == 5s);
  CHECK(timers.waiting() == 0);
}
