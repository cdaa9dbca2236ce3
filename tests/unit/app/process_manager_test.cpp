#include "app/process_manager.hpp"

#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using sidecar::test::Contains;

// The variables are those that PM2 6 sets, with `-i 2` and without.
TEST_CASE(
    "process manager: PM2's first copy runs, every other is told of --instances in one line") {
  const auto check = [](const char* copy) {
    return app::check_single({{"pm_id", "7"},
                              {"exec_mode", "fork_mode"},
                              {"instance_var", "NODE_APP_INSTANCE"},
                              {"instances", "2"},
                              {"NODE_APP_INSTANCE", copy}});
  };
  CHECK(check("0"));
  const auto refused = check("1");
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Contains("NODE_APP_INSTANCE=1"));
  CHECK_THAT(refused.error().message, Contains("--instances N"));
  CHECK(refused.error().message.find('\n') == std::string::npos);
}

TEST_CASE("process manager: the variable that numbers the copies may have another name") {
  const auto check = [](const char* copy) {
    return app::check_single(
        {{"pm_id", "0"}, {"instance_var", "COPY"}, {"NODE_APP_INSTANCE", "0"}, {"COPY", copy}});
  };
  CHECK(check("0"));
  CHECK_FALSE(check("3"));
}

TEST_CASE("process manager: without PM2 a variable of that name means nothing") {
  CHECK(app::check_single({}));
  CHECK(app::check_single({{"NODE_APP_INSTANCE", "1"}}));
  CHECK(app::check_single({{"pm_id", "0"}}));
}
