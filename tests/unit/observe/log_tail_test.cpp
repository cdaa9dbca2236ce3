#include "observe/log_tail.hpp"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>
#include <thread>

#include "support/catch.hpp"

using namespace sidecar;
using observe::LogFormat;
using observe::LogTail;

namespace {

// A synchronous log that writes to its tail only.
struct Written {
  explicit Written(LogFormat format)
      : log(std::make_shared<spdlog::logger>("test",
                                             std::make_shared<spdlog::sinks::null_sink_st>()),
            format, nullptr, std::make_shared<LogTail>(format)) {}

  std::vector<LogTail::Line> all() const {
    return log.tail()->lines(0, log.tail()->count(), LogTail::kLines);
  }

  observe::Log log;
};

std::vector<std::string> texts(const std::vector<LogTail::Line>& lines) {
  std::vector<std::string> all;
  for (const auto& line : lines) all.push_back(line.text);
  return all;
}

}  // namespace

TEST_CASE("log_tail: lines of both formats are kept in text form, with their level") {
  const auto write = [](observe::Log& log) {
    log.warn("an \"event\"", {{"n", 1},
                              {"ready", false},
                              {"share", 0.5},
                              {"word", "x"},
                              {"words", "two words"},
                              {"empty", ""},
                              {"raw", std::string("\n\x1b[31m\xff\xe2\x80\xae")}});
    log.info("plain");
  };
  Written text(LogFormat::kText);
  write(text.log);
  Written json(LogFormat::kJson);
  write(json.log);
  const std::vector<std::string> wanted = {
      "an \"event\" n=1 ready=false share=0.5 word=x words=\"two words\" empty=\"\" "
      "raw=\"\\n\\u001b[31m\xef\xbf\xbd\\u202e\"",
      "plain"};
  CHECK(texts(text.all()) == wanted);
  CHECK(texts(json.all()) == wanted);
  CHECK(json.all()[0].level == "warning");
  CHECK(json.all()[1].level == "info");
  const auto age = std::chrono::system_clock::now() - json.all()[0].time;
  CHECK(age >= std::chrono::seconds(0));
}

TEST_CASE("log_tail: lines below the level are not kept") {
  Written written(LogFormat::kText);
  written.log.set_level(observe::LogLevel::kWarn);
  written.log.info("hidden");
  CHECK(written.all().empty());
}

TEST_CASE("log_tail: a range of numbers gives its newest lines") {
  LogTail tail(LogFormat::kText);
  for (int i = 0; i < 10; ++i) tail.add({}, "info", std::to_string(i));
  CHECK(texts(tail.lines(0, 10, 100)).size() == 10);
  CHECK(texts(tail.lines(7, 10, 100)) == std::vector<std::string>{"7", "8", "9"});
  CHECK(texts(tail.lines(0, 5, 2)) == std::vector<std::string>{"3", "4"});
  CHECK(texts(tail.lines(9, 1000, 5)) == std::vector<std::string>{"9"});
  CHECK(tail.lines(10, 10, 5).empty());
  CHECK(tail.lines(11, 10, 5).empty());
}

TEST_CASE("log_tail: the oldest lines are dropped beyond the limits of lines and bytes") {
  LogTail tail(LogFormat::kText);
  for (std::size_t i = 0; i < LogTail::kLines + 5; ++i) tail.add({}, "info", std::to_string(i));
  CHECK(tail.count() == LogTail::kLines + 5);
  auto kept = texts(tail.lines(0, tail.count(), 10'000));
  CHECK(kept.size() == LogTail::kLines);
  CHECK(kept.front() == "5");
  const std::string endless(10 << 20, 'x');
  for (int i = 0; i < 100; ++i) tail.add({}, "info", endless);
  kept = texts(tail.lines(0, tail.count(), 10'000));
  CHECK(kept.size() == LogTail::kBytes / LogTail::kMaxLength);
  CHECK(kept.front().size() == LogTail::kMaxShown);
}

TEST_CASE("log_tail: a truncated JSON line is shown unchanged") {
  LogTail tail(LogFormat::kJson);
  tail.add({}, "info", R"("event":"e","line":")" + std::string(LogTail::kMaxLength, 'x') + '"');
  const auto kept = texts(tail.lines(0, 1, 1));
  CHECK(kept.at(0).starts_with(R"("event":"e","line":"xxx)"));
  CHECK(observe::text_form("") == "");
  CHECK(observe::text_form(R"("event":5,"deep":{"a":[1]})") == R"(5 deep={"a":[1]})");
}

TEST_CASE("log_tail: written on one thread and read on another, no line is lost or torn") {
  LogTail tail(LogFormat::kText);
  constexpr std::size_t kCount = 20'000;
  std::thread writer([&tail] {
    for (std::size_t i = 0; i < kCount; ++i) tail.add({}, "info", std::to_string(i));
  });
  std::uint64_t seen = 0;
  while (seen < kCount) {
    const std::uint64_t end = tail.count();
    const auto lines = tail.lines(seen, end, LogTail::kLines);
    // Lines dropped meanwhile are the oldest.
    for (std::size_t i = 0; i < lines.size(); ++i)
      if (lines[i].text != std::to_string(end - lines.size() + i)) FAIL("line " << lines[i].text);
    seen = end;
  }
  writer.join();
}
