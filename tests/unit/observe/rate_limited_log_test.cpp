#include "observe/rate_limited_log.hpp"

#include <algorithm>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>

#include "support/catch.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;
using namespace std::chrono_literals;

namespace {

struct World {
  // Output since the last call.
  std::string written() {
    const std::string text = out.str();
    out.str("");
    return text;
  }
  // Number of lines since the last call.
  std::size_t lines() {
    const std::string text = written();
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  void refuse(const std::string& reason, const std::string& address, const char* path = "/tools") {
    limited.warn("refused", {{"address", address}, {"reason", reason}, {"path", path}});
  }

  std::ostringstream out;
  std::shared_ptr<spdlog::logger> logger = [this] {
    auto made = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_st>(out));
    made->set_pattern("%v");
    return made;
  }();
  observe::Log log{logger, observe::LogFormat::kText};
  test::ManualTimers timers;
  observe::RateLimitedLog limited{log, timers};
};

}  // namespace

TEST_CASE(
    "rate_limited_log: the first of equal warnings is written at once, repetitions once a second "
    "as a count") {
  World w;
  w.refuse("no_key", "192.0.2.1");
  CHECK(w.written() == "refused address=192.0.2.1 reason=no_key path=/tools\n");
  // the path does not make another kind
  for (int i = 0; i < 500; ++i) w.refuse("no_key", "192.0.2.1", "/other");
  CHECK(w.written().empty());
  w.timers.advance(1s);
  CHECK(w.written() == "refused reason=no_key address=192.0.2.1 repeated=500\n");
  w.refuse("no_key", "192.0.2.1");
  CHECK(w.written().empty());
  w.timers.advance(1s);
  CHECK(w.written() == "refused reason=no_key address=192.0.2.1 repeated=1\n");
}

TEST_CASE("rate_limited_log: after a quiet second the next is written at once, and no timer runs") {
  World w;
  w.refuse("no_key", "192.0.2.1");
  w.timers.advance(1s);
  CHECK(w.timers.waiting() == 0);
  w.written();
  w.refuse("no_key", "192.0.2.1");
  CHECK(w.written() == "refused address=192.0.2.1 reason=no_key path=/tools\n");
}

TEST_CASE("rate_limited_log: another event, reason, limit or address is another kind") {
  World w;
  w.refuse("no_key", "192.0.2.1");
  w.refuse("wrong_key", "192.0.2.1");
  w.refuse("no_key", "192.0.2.2");
  w.limited.warn("other", {{"address", "192.0.2.1"}, {"reason", "no_key"}});
  for (const char* limit : {"key", "session"})
    w.limited.warn("rate limit reached", {{"limit", limit}, {"address", "192.0.2.1"}});
  CHECK(w.lines() == 6);
}

TEST_CASE("rate_limited_log: kinds beyond the limit are only counted") {
  World w;
  for (std::size_t i = 0; i < observe::RateLimitedLog::kMaxKinds + 10; ++i)
    w.refuse("no_key", "2001:db8::" + std::to_string(i));
  w.refuse("no_key", "2001:db8::0");  // a known one
  CHECK(w.lines() == observe::RateLimitedLog::kMaxKinds);
  w.timers.advance(1s);
  CHECK(w.written() ==
        "refused reason=no_key address=2001:db8::0 repeated=1\n"
        "further warnings suppressed count=10\n");
  w.refuse("no_key", "2001:db8::999");  // there is room again
  CHECK(w.written() == "refused address=2001:db8::999 reason=no_key path=/tools\n");
}

TEST_CASE("rate_limited_log: the destructor writes pending counts") {
  World w;
  {
    observe::RateLimitedLog ending(w.log, w.timers);
    ending.warn("refused", {{"address", "a"}, {"reason", "r"}});
    ending.warn("refused", {{"address", "a"}, {"reason", "r"}});
  }
  CHECK(w.written() == "refused address=a reason=r\nrefused reason=r address=a repeated=1\n");
}

TEST_CASE("rate_limited_log: warnings below the level are not kept") {
  World w;
  w.logger->set_level(spdlog::level::err);
  w.refuse("no_key", "192.0.2.1");
  CHECK(w.written().empty());
  CHECK(w.timers.waiting() == 0);
}
