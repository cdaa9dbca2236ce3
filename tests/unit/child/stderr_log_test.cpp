#include "child/stderr_log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sstream>

#include "support/catch.hpp"

using namespace sidecar;
using child::StderrLog;

namespace {

struct Captured {
  std::ostringstream text;
  std::shared_ptr<spdlog::logger> logger = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_st>(text));
  observe::Log log{logger, observe::LogFormat::kJson};
  Captured() { logger->set_pattern("%v"); }
};

}  // namespace

TEST_CASE("stderr_log: each line is logged with the child's name, and kept") {
  Captured captured;
  StderrLog errors(captured.log, "demo");
  errors.feed("one\r\n\ntw");
  errors.feed("o\n");
  CHECK(captured.text.str() ==
        "\"event\":\"child stderr\",\"child\":\"demo\",\"line\":\"one\"\n"
        "\"event\":\"child stderr\",\"child\":\"demo\",\"line\":\"two\"\n");
  CHECK(errors.tail() == std::vector<std::string>{"one", "two"});
}

TEST_CASE("stderr_log: the last 64 lines are kept, oldest first") {
  observe::Log log = observe::make_null_log();
  StderrLog errors(log, "demo");
  for (int i = 0; i < 100; ++i) errors.feed("line " + std::to_string(i) + "\n");
  CHECK(errors.tail().size() == 64);
  CHECK(errors.tail().front() == "line 36");
  CHECK(errors.tail().back() == "line 99");
}

TEST_CASE("stderr_log: a last line without LF is kept at the end of the stream") {
  observe::Log log = observe::make_null_log();
  StderrLog errors(log, "demo");
  errors.feed("Segmentation fa");
  errors.feed("ult");
  CHECK(errors.tail().empty());
  errors.finish();
  CHECK(errors.tail() == std::vector<std::string>{"Segmentation fault"});
}

TEST_CASE("stderr_log: a line beyond 8 KB loses its middle") {
  observe::Log log = observe::make_null_log();
  StderrLog errors(log, "demo");
  errors.feed(std::string(1'000'000, 'x') + "\n");
  REQUIRE(errors.tail().size() == 1);
  CHECK(errors.tail()[0] ==
        std::string(4096, 'x') + " … 991808 bytes left out … " + std::string(4096, 'x'));
}

TEST_CASE("stderr_log: bytes that are not UTF-8 are kept unchanged and replaced in the log") {
  Captured captured;
  StderrLog errors(captured.log, "demo");
  errors.feed("bad \xff\xfe\x01 text\n");
  CHECK(errors.tail()[0] == "bad \xff\xfe\x01 text");
  CHECK(captured.text.str().find("bad \xef\xbf\xbd\xef\xbf\xbd\\u0001 text") != std::string::npos);
}
