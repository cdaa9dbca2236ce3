#include "observe/log_budget.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sstream>

#include "support/catch.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;
using namespace std::chrono_literals;

namespace {

struct World {
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> logger = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_st>(text));
  observe::Log log{logger, observe::LogFormat::kText};
  test::ManualTimers timers;
  World() { logger->set_pattern("%v"); }
};

}  // namespace

TEST_CASE("log_budget: takes its units at once, and as many in each minute that follows") {
  World w;
  observe::LogBudget budget(w.log, w.timers, 600, "child", "stderr");
  CHECK(budget.take(500, 1));
  CHECK_FALSE(budget.take(101, 1));
  CHECK(budget.take(100, 1));
  CHECK_FALSE(budget.take(1, 1));
  w.timers.advance(6s);
  CHECK(budget.take(60, 1));
  CHECK_FALSE(budget.take(1, 1));
}

TEST_CASE("log_budget: one line a minute says what was left out") {
  World w;
  observe::LogBudget budget(w.log, w.timers, 10, "child", "stderr");
  CHECK(budget.take(10, 1));
  for (int i = 0; i < 5; ++i) CHECK_FALSE(budget.take(10, 7));
  CHECK(w.text.str().empty());
  w.timers.advance(1min);
  CHECK(w.text.str() ==
        "child output left out of the log child=child stream=stderr lines=5 bytes=35\n");
  w.timers.advance(1h);
  CHECK(w.timers.waiting() == 0);
}

TEST_CASE("log_budget: what was left out last is told when its owner ends") {
  World w;
  {
    observe::LogBudget budget(w.log, w.timers, 1, "", "stdout");
    CHECK(budget.take(1, 1));
    CHECK_FALSE(budget.take(1, 4));
  }
  CHECK(w.text.str() == "child output left out of the log stream=stdout lines=1 bytes=4\n");
}

TEST_CASE("log_budget: a line that costs more than all needs a full budget, and 0 is no limit") {
  World w;
  observe::LogBudget budget(w.log, w.timers, 10, "child", "stderr");
  CHECK(budget.take(1'000, 1));
  CHECK_FALSE(budget.take(1'000, 1));
  w.timers.advance(1min);
  CHECK(budget.take(1'000, 1));
  observe::LogBudget none(w.log, w.timers, 0, "child", "stderr");
  for (int i = 0; i < 100; ++i) CHECK(none.take(1'000'000, 1));
}
