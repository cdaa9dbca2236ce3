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
    auto logger =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(out));
    logger->set_pattern("%v");
    log = std::make_unique<Log>(logger, format);
  }
  std::ostringstream out;
  std::unique_ptr<Log> log;
};

}  // namespace

TEST_CASE("log: as text, an event and its fields on one line, quoted where a word would not do") {
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
        "child exited code=1 ready=false share=0.5 name=x line=\"two words\" empty=\"\" trick=\"a=b\" "
        "raw=\"\\n\\u001b[31m\xef\xbf\xbd\"\n");
}

TEST_CASE("log: as JSON, the members of one valid object, whatever the values hold") {
  Written written(LogFormat::kJson);
  written.log->warn("a \"quoted\" event",
                    {{"n", std::uint64_t{18446744073709551615u}}, {"text", "\n\"\xff\\"}});
  const auto parsed = nlohmann::json::parse("{" + written.out.str() + "}");
  CHECK(parsed["event"] == "a \"quoted\" event");
  CHECK(parsed["n"] == 18446744073709551615u);
  CHECK(parsed["text"] == "\n\"\xef\xbf\xbd\\");
}

TEST_CASE("log: what is below the level is not written") {
  Written written(LogFormat::kText);
  CHECK_FALSE(written.log->enabled(LogLevel::kDebug));
  written.log->debug("hidden");
  CHECK(written.out.str().empty());
}
