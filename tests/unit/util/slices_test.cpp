#include "util/slices.hpp"

#include <vector>

#include "support/catch.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;

namespace {

struct World {
  // A job that takes so many turns.
  void job(const std::string& owner, const std::string& name, int turns) {
    slices.add(owner, [this, name, turns]() mutable -> std::size_t {
      if (turns-- == 0) return 0;
      log.push_back(name);
      return Slices::kSlice;
    });
  }

  test::ManualTimers timers;
  Slices slices{timers};
  std::vector<std::string> log;
};

}  // namespace

TEST_CASE("slices: jobs that are added in one turn of the loop share its one slice") {
  World w;
  for (int i = 0; i < 5; ++i) w.job("a", std::to_string(i), 1);
  CHECK(w.log.size() == 1);
  for (std::size_t turn = 2; turn <= 5; ++turn) {
    w.timers.turn();
    CHECK(w.log.size() == turn);
  }
  CHECK(w.log == std::vector<std::string>{"0", "1", "2", "3", "4"});
}

TEST_CASE("slices: another owner's job is next but one, however many one owner has queued") {
  World w;
  for (int i = 0; i < 100; ++i) w.job("a", "a", 1);
  w.job("b", "b", 1);
  w.timers.turn();
  w.timers.turn();
  CHECK(std::count(w.log.begin(), w.log.end(), "b") == 1);
}

TEST_CASE("slices: only so many jobs are begun before one of them is done") {
  World w;
  for (int i = 0; i < 20; ++i) w.job(std::to_string(i), std::to_string(i), 10);
  for (int turn = 0; turn < 20; ++turn) w.timers.turn();
  std::sort(w.log.begin(), w.log.end());
  w.log.erase(std::unique(w.log.begin(), w.log.end()), w.log.end());
  CHECK(w.log.size() == Slices::kMaxOpen);
}

TEST_CASE("slices: small work is done in the call that adds it") {
  World w;
  int done = 0;
  for (int i = 0; i < 50; ++i)
    w.slices.add("a", [&done, left = 1]() mutable -> std::size_t {
      if (left-- == 0) return 0;
      ++done;
      return 100;
    });
  CHECK(done == 50);
}
