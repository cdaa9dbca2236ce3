#include "mux/features/log_level_table.hpp"

#include "support/catch.hpp"

using namespace sidecar;

namespace {

mux::LogLevel level(const char* name) { return mux::log_level(name).value(); }

}  // namespace

TEST_CASE("log_levels: the eight levels of RFC 5424 and no others") {
  mux::LogLevel expected = 0;
  for (const char* name :
       {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}) {
    CHECK(mux::log_level(name) == expected);
    CHECK(mux::log_level_name(expected++) == name);
  }
  for (const char* name : {"", "Debug", "warn", "trace", "debug "})
    CHECK_FALSE(mux::log_level(name));
}

TEST_CASE("log_levels: the child gets the most verbose level of all clients") {
  mux::LogLevelTable levels;
  CHECK_FALSE(levels.for_child(3));  // no client has chosen
  levels.set(1, level("error"));
  CHECK(levels.for_child(1) == level("error"));
  CHECK(levels.for_child(2) == level("info"));  // one client has not chosen
  levels.set(2, level("debug"));
  CHECK(levels.for_child(2) == level("debug"));
  CHECK(levels.for_child(3) == level("debug"));
  levels.set(2, level("emergency"));
  CHECK(levels.for_child(2) == level("error"));
  levels.forget(1);
  CHECK(levels.for_child(1) == level("emergency"));
  levels.forget(2);
  CHECK_FALSE(levels.for_child(1));
}

TEST_CASE(
    "log_levels: each client gets its level; one without a choice gets info and above once another "
    "chose") {
  mux::LogLevelTable levels;
  CHECK(levels.lets_through(1, level("debug")));
  levels.set(1, level("warning"));
  CHECK(levels.lets_through(1, level("warning")));
  CHECK(levels.lets_through(1, level("emergency")));
  CHECK_FALSE(levels.lets_through(1, level("notice")));
  CHECK(levels.lets_through(2, level("info")));
  CHECK_FALSE(levels.lets_through(2, level("debug")));
  CHECK(levels.lets_through(1, std::nullopt));  // an unknown level
}
