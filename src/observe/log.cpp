#include "observe/log.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <spdlog/async.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "observe/log_tail.hpp"
#include "observe/server_label.hpp"
#include "util/encoding.hpp"

namespace sidecar::observe {
namespace {

constexpr std::size_t kQueueLines = 2048;  // allocated at start, 0.4 KB each
constexpr std::string_view kServer = "server";

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

// A JSON string literal. Bytes that are not UTF-8 become U+FFFD, so that a log line is valid JSON.
// Characters that JSON permits but a terminal interprets are escaped too.
std::string quoted(std::string_view text) {
  return escaped(
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

// Needs no quotes. ASCII only: other bytes may be invalid UTF-8.
bool plain_word(std::string_view text) {
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || c == '"' || c == '=' || c == '\\' || byte >= 0x7f) return false;
  }
  return !text.empty();
}

std::string rendered(const LogField::Value& value, LogFormat format) {
  return std::visit(
      [format](const auto& data) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(data)>, std::string_view>) {
          return format == LogFormat::kText && plain_word(data) ? std::string(data) : quoted(data);
        } else {
          return fmt::format("{}", data);
        }
      },
      value);
}

std::string text_of(const nlohmann::ordered_json& value) {
  if (!value.is_string()) return value.dump();
  const std::string_view text = value.get_ref<const std::string&>();
  return plain_word(text) ? std::string(text) : quoted(text);
}

class TailSink : public spdlog::sinks::sink {
 public:
  explicit TailSink(std::shared_ptr<LogTail> tail) : tail_(std::move(tail)) {}

  void log(const spdlog::details::log_msg& line) override {
    const auto level = spdlog::level::to_string_view(line.level);
    tail_->add(line.time, {level.data(), level.size()}, {line.payload.data(), line.payload.size()});
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  const std::shared_ptr<LogTail> tail_;
};

}  // namespace

std::string text_form(std::string_view json_members) {
  const auto line =
      nlohmann::ordered_json::parse(fmt::format("{{{}}}", json_members), nullptr, false);
  if (!line.is_object()) return std::string(json_members);
  std::string text;
  for (const auto& [name, value] : line.items()) {
    if (name == kServer && value == kDefaultServer) continue;
    if (text.empty())
      text = value.is_string() ? value.get<std::string>() : value.dump();
    else
      text += fmt::format(" {}={}", name, text_of(value));
  }
  return text;
}

Log::Log(std::shared_ptr<spdlog::logger> sink, LogFormat format, std::shared_ptr<void> worker,
         std::shared_ptr<LogTail> tail)
    : worker_(std::move(worker)), sink_(std::move(sink)), format_(format), tail_(std::move(tail)) {
  if (tail_) sink_->sinks().push_back(std::make_shared<TailSink>(tail_));
}

void Log::set_level(LogLevel level) { sink_->set_level(spdlog_level(level)); }

bool Log::enabled(LogLevel level) const { return sink_->should_log(spdlog_level(level)); }

Log Log::for_server(std::string_view name) const {
  Log log = *this;
  log.server_ = name;
  return log;
}

void Log::write(LogLevel level, std::string_view event, Fields fields, std::string_view server) {
  if (!enabled(level)) return;
  std::string line;
  if (format_ == LogFormat::kText) {
    line = event;
    const auto add = [&line](const LogField& field) {
      line += fmt::format(" {}={}", field.key, rendered(field.value, LogFormat::kText));
    };
    if (!server.empty() && server != kDefaultServer) add({kServer, server});
    for (const LogField& field : fields) add(field);
  } else {
    line = "\"event\":" + quoted(event);
    const auto add = [&line](const LogField& field) {
      line += fmt::format(",{}:{}", quoted(field.key), rendered(field.value, LogFormat::kJson));
    };
    if (!server.empty()) add({kServer, server});
    for (const LogField& field : fields) add(field);
  }
  sink_->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

Log make_stderr_log(LogLevel level, LogFormat format, bool keeps_tail) {
  auto pool = std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
  auto logger = std::make_shared<spdlog::async_logger>(
      "mcp-sidecar", std::make_shared<spdlog::sinks::stderr_sink_mt>(), pool,
      spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(spdlog_level(level));
  logger->set_pattern(format == LogFormat::kText
                          ? "%Y-%m-%dT%H:%M:%S.%e%z %l %v"
                          : R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})");
  return Log(std::move(logger), format, std::move(pool),
             keeps_tail ? std::make_shared<LogTail>(format) : nullptr);
}

Log make_null_log() {
  auto logger =
      std::make_shared<spdlog::logger>("null", std::make_shared<spdlog::sinks::null_sink_st>());
  logger->set_level(spdlog::level::off);
  return Log(std::move(logger), LogFormat::kText);
}

}  // namespace sidecar::observe
