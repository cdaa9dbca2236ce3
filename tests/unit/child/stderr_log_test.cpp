#include "child/stderr_log.hpp"

#include <algorithm>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sstream>

#include "support/catch.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;
using child::EndedBy;
using child::StderrLog;
using namespace std::chrono_literals;

namespace {

struct Captured {
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> logger = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_st>(text));
  observe::Log log{logger, observe::LogFormat::kJson};
  test::ManualTimers timers;
  observe::LogBudget budget{log, timers, 0, "demo", "stderr"};
  StderrLog errors{log, timers, budget, "demo"};
  Captured() { logger->set_pattern("%v"); }
};

}  // namespace

TEST_CASE("stderr_log: each line is logged with the child's name, and kept") {
  Captured captured;
  StderrLog& errors = captured.errors;
  errors.feed("one\r\n\ntw");
  errors.feed("o\n");
  CHECK(captured.text.str() ==
        "\"event\":\"child stderr\",\"child\":\"demo\",\"line\":\"one\"\n"
        "\"event\":\"child stderr\",\"child\":\"demo\",\"line\":\"two\"\n");
  CHECK(errors.tail() == std::vector<std::string>{"one", "two"});
}

TEST_CASE("stderr_log: the last 64 lines are kept, oldest first") {
  Captured captured;
  StderrLog& errors = captured.errors;
  for (int i = 0; i < 100; ++i) errors.feed("line " + std::to_string(i) + "\n");
  CHECK(errors.tail().size() == 64);
  CHECK(errors.tail().front() == "line 36");
  CHECK(errors.tail().back() == "line 99");
}

TEST_CASE("stderr_log: a last line without LF is kept at the end of the stream") {
  Captured captured;
  StderrLog& errors = captured.errors;
  errors.feed("Segmentation fa");
  errors.feed("ult");
  CHECK(errors.tail().empty());
  errors.finish();
  CHECK(errors.tail() == std::vector<std::string>{"Segmentation fault"});
}

TEST_CASE("stderr_log: a line beyond 8 KB loses its middle") {
  Captured captured;
  StderrLog& errors = captured.errors;
  errors.feed(std::string(1'000'000, 'x') + "\n");
  REQUIRE(errors.tail().size() == 1);
  CHECK(errors.tail()[0] ==
        std::string(4096, 'x') + " … 991808 bytes left out … " + std::string(4096, 'x'));
}

TEST_CASE("stderr_log: bytes that are not UTF-8 are kept unchanged and replaced in the log") {
  Captured captured;
  StderrLog& errors = captured.errors;
  errors.feed("bad \xff\xfe\x01 text\n");
  CHECK(errors.tail()[0] == "bad \xff\xfe\x01 text");
  CHECK(captured.text.str().find("bad \xef\xbf\xbd\xef\xbf\xbd\\u0001 text") != std::string::npos);
}

TEST_CASE("stderr_log: lines beyond the budget are left out of the log, and kept") {
  Captured captured;
  observe::LogBudget budget(captured.log, captured.timers, 600, "demo", "stderr");
  StderrLog errors(captured.log, captured.timers, budget, "demo");
  for (int i = 0; i < 10; ++i) errors.feed("line " + std::to_string(i) + "\n");
  CHECK(captured.text.str().find("line 1") != std::string::npos);
  CHECK(captured.text.str().find("line 2") == std::string::npos);
  CHECK(errors.tail().back() == "line 9");
  captured.timers.advance(1min);
  CHECK(
      captured.text.str().find(
          R"("event":"child output left out of the log","child":"demo","stream":"stderr","lines":8,"bytes":48)") !=
      std::string::npos);
}

TEST_CASE("stderr_log: a flood of a minute takes less than 1 MB of log, whatever its lines are") {
  const auto line = GENERATE(as<std::string>{}, "x", std::string(80, 'x'), std::string(1'000, 'x'),
                             std::string(500, '\x1b'), std::string(500, '"'),
                             std::string(500, '\xff'), "\xd0\xb6\xd0\xb6 \xe2\x80\xa8");
  Captured captured;
  const config::SupervisorSettings settings;
  observe::LogBudget budget(captured.log, captured.timers, settings.log_bytes, "demo", "stderr");
  StderrLog errors(captured.log, captured.timers, budget, "demo");
  // The time that precedes each line in the program is not written here.
  constexpr std::size_t kTime = 60;
  for (int second = 0; second < 60; ++second) {
    for (int i = 0; i < 2'500; ++i) errors.feed(line + "\n");
    captured.timers.advance(1s);
  }
  const std::string text = captured.text.str();
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  CHECK(text.size() + lines * kTime < 1'000'000);
  CHECK(text.size() + lines * kTime > 100'000);
}

TEST_CASE("stderr_log: lines from long before the end are no reason for it") {
  Captured captured;
  captured.errors.feed("listening on stdio\n");
  const auto banner = captured.timers.now();
  CHECK(captured.errors.reason(banner + 1s, EndedBy::kItself) == "listening on stdio");
  CHECK(captured.errors.reason(banner + 2s, EndedBy::kItself).empty());
  captured.timers.advance(1min);
  captured.errors.feed("Error: no memory left\n");
  const auto error = captured.timers.now();
  CHECK(captured.errors.reason(error + 10s, EndedBy::kItself) == "Error: no memory left");
  CHECK(captured.errors.reason(error + 11s, EndedBy::kItself).empty());
}

TEST_CASE("stderr_log: the end that the sidecar or others brought about is not in its words") {
  Captured captured;
  captured.errors.feed("Error: the database is away\nstill trying\n");
  const auto end = captured.timers.now();
  captured.timers.advance(100ms);
  captured.errors.feed("Error: stdin was closed\n");
  CHECK(captured.errors.reason(end, EndedBy::kSidecar) == "Error: the database is away");
  CHECK(captured.errors.reason(end, EndedBy::kOthers).empty());
  captured.errors.feed("bye\n");
  CHECK(captured.errors.reason(end - 1s, EndedBy::kSidecar).empty());
}
