#include "observe/log.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>

#include "support/catch.hpp"

using namespace sidecar::observe;

namespace {

struct Written {
  explicit Written(LogFormat format) {
    auto logger = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_st>(out));
    logger->set_pattern("%v");
    log = std::make_unique<Log>(logger, format);
  }
  std::ostringstream out;
  std::unique_ptr<Log> log;
};

}  // namespace

TEST_CASE("log: as text, an event and its fields on one line, quoted where necessary") {
  Written written(LogFormat::kText);
  written.log->info("child exited", {{"code", 1},
                                     {"ready", false},
                                     {"share", 0.5},
                                     {"name", "x"},
                                     {"line", "two words"},
                                     {"empty", ""},
                                     {"trick", "a=b"},
                                     {"raw", std::string("\n\x1b[31m\xff")}});
  CHECK(written.out.str() ==
        "child exited code=1 ready=false share=0.5 name=x line=\"two words\" empty=\"\" "
        "trick=\"a=b\" "
        "raw=\"\\n\\u001b[31m\xef\xbf\xbd\"\n");
}

TEST_CASE("log: terminal control characters are escaped in both forms") {
  const std::string hostile =
      "a\x7f"
      "b\xc2\x9b"
      "c\xe2\x80\xa8"
      "d\xe2\x80\xae"
      "e\xe2\x81\xa9"
      "\xc3\xa9";
  const std::string shown = R"("a\u007fb\u009bc\u2028d\u202ee\u2069)"
                            "\xc3\xa9\"";
  Written text(LogFormat::kText);
  text.log->info("e", {{"v", hostile}, {"word", "\x9b"}, {"accent", "\xc3\xa9"}});
  CHECK(text.out.str() == "e v=" + shown + " word=\"\xef\xbf\xbd\" accent=\"\xc3\xa9\"\n");
  Written json(LogFormat::kJson);
  json.log->info("e", {{"v", hostile}});
  CHECK(json.out.str() == R"("event":"e","v":)" + shown + "\n");
  CHECK(nlohmann::json::parse("{" + json.out.str() + "}")["v"] == hostile);
}

TEST_CASE("log: as JSON, arbitrary values give the members of one valid object") {
  Written written(LogFormat::kJson);
  written.log->warn("a \"quoted\" event",
                    {{"n", std::uint64_t{18446744073709551615u}}, {"text", "\n\"\xff\\"}});
  const auto parsed = nlohmann::json::parse("{" + written.out.str() + "}");
  CHECK(parsed["event"] == "a \"quoted\" event");
  CHECK(parsed["n"] == 18446744073709551615u);
  CHECK(parsed["text"] == "\n\"\xef\xbf\xbd\\");
}

TEST_CASE("log: lines below the level are not written") {
  Written written(LogFormat::kText);
  CHECK_FALSE(written.log->enabled(LogLevel::kDebug));
  written.log->debug("hidden");
  CHECK(written.out.str().empty());
}

TEST_CASE("log: a new level applies from the next line on") {
  Written written(LogFormat::kText);
  written.log->set_level(LogLevel::kDebug);
  written.log->debug("shown");
  written.log->set_level(LogLevel::kOff);
  written.log->error("hidden");
  CHECK(written.out.str() == "shown\n");
}

TEST_CASE("log: JSON lines about a wrapped server name it; text leaves the default one out") {
  Written json(LogFormat::kJson);
  json.log->for_server("default").info("child started", {{"pid", 7}});
  json.log->info("listening");
  CHECK(json.out.str() ==
        "\"event\":\"child started\",\"server\":\"default\",\"pid\":7\n\"event\":\"listening\"\n");
  CHECK(text_form(R"("event":"child started","server":"default","pid":7)") ==
        "child started pid=7");
  CHECK(text_form(R"("event":"child started","server":"git","pid":7)") ==
        "child started server=git pid=7");

  Written text(LogFormat::kText);
  text.log->for_server("default").info("child started", {{"pid", 7}});
  text.log->for_server("git").info("child started", {{"pid", 8}});
  CHECK(text.out.str() == "child started pid=7\nchild started server=git pid=8\n");
}
