#include "demo/tools.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <utility>

#include "demo/rpc.hpp"

namespace sidecar::demo {
namespace {

constexpr int kMaxSleep = 3600;  // seconds

struct BadArgument {
  std::string message;
};

const Json& required(const Json& arguments, const char* name) {
  const auto found = arguments.find(name);
  if (found == arguments.end())
    throw BadArgument{fmt::format("the argument '{}' is missing", name)};
  return *found;
}

std::string text_argument(const Json& arguments, const char* name) {
  const Json& value = required(arguments, name);
  if (!value.is_string())
    throw BadArgument{fmt::format("the argument '{}' must be a string", name)};
  return value.get<std::string>();
}

std::string text_argument(const Json& arguments, const char* name, const char* otherwise) {
  return arguments.contains(name) ? text_argument(arguments, name) : otherwise;
}

const Json& number_argument(const Json& arguments, const char* name) {
  const Json& value = required(arguments, name);
  if (!value.is_number())
    throw BadArgument{fmt::format("the argument '{}' must be a number", name)};
  return value;
}

Outcome echo(const Json& arguments) { return text_result(text_argument(arguments, "message")); }

// Integers are added exactly while the sum fits 64 bits; other numbers are added as doubles.
Json sum_of(const Json& a, const Json& b) {
  if (a.is_number_integer() && b.is_number_integer()) {
    std::int64_t sum = 0;
    const bool fits = !(a.is_number_unsigned() && a.get<std::uint64_t>() > INT64_MAX) &&
                      !(b.is_number_unsigned() && b.get<std::uint64_t>() > INT64_MAX);
    if (fits && !__builtin_add_overflow(a.get<std::int64_t>(), b.get<std::int64_t>(), &sum))
      return sum;
  }
  return a.get<double>() + b.get<double>();
}

Outcome add(const Json& arguments) {
  const Json sum = sum_of(number_argument(arguments, "a"), number_argument(arguments, "b"));
  if (sum.is_number_float() && !std::isfinite(sum.get<double>()))
    throw BadArgument{"the sum is too large for a number"};
  Json result = text_result(sum.dump());
  result["structuredContent"] = {{"sum", sum}};
  return result;
}

constexpr std::array<std::pair<std::string_view, const char*>, 3> kFormats = {{
    {"iso8601", "%Y-%m-%dT%H:%M:%S%z"},
    {"rfc2822", "%a, %d %b %Y %H:%M:%S %z"},
    {"unix", "%s"},
}};

const char* pattern_of(std::string_view format) {
  const auto* found = std::find_if(kFormats.begin(), kFormats.end(),
                                   [&](const auto& row) { return row.first == format; });
  return found == kFormats.end() ? nullptr : found->second;
}

// localtime_r() silently treats an unknown zone as UTC, so the zone database is checked first.
bool zone_known(const std::string& zone) {
  if (zone == "UTC") return true;
  const bool plain = std::all_of(zone.begin(), zone.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  });
  if (!plain || zone.empty() || zone.front() == '/') return false;
  std::error_code ignored;
  return std::filesystem::is_regular_file(std::filesystem::path("/usr/share/zoneinfo") / zone,
                                          ignored);
}

bool is_time_format(std::string_view format) { return pattern_of(format) != nullptr; }

// The current time. Empty when this machine does not have the zone; "UTC" is always known.
// REQUIRES: is_time_format(format). Sets the TZ of the process, which has one thread.
std::optional<std::string> format_now(const std::string& zone, std::string_view format) {
  if (!zone_known(zone)) return std::nullopt;
  setenv("TZ", zone.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread
  tzset();
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), pattern_of(format), &parts);
  return std::string(text.data(), size);
}

Outcome time(const Json& arguments) {
  const std::string zone = text_argument(arguments, "timezone", "UTC");
  const std::string format = text_argument(arguments, "format", "iso8601");
  if (!is_time_format(format))
    throw BadArgument{
        fmt::format("unknown time format '{}': use iso8601, rfc2822 or unix", format)};
  const auto text = format_now(zone, format);
  if (!text)
    throw BadArgument{fmt::format(
        "unknown timezone '{}': use an IANA name that this machine has, such as Europe/Berlin",
        zone)};
  return text_result(*text);
}

Outcome sleep(const Json& arguments) {
  const double seconds = number_argument(arguments, "seconds").get<double>();
  if (!(seconds >= 0 && seconds <= kMaxSleep)) {
    throw BadArgument{fmt::format("'seconds' must be from 0 to {}", kMaxSleep)};
  }
  return Pause{std::chrono::duration<double>(seconds),
               text_result(fmt::format("slept {} s", seconds))};
}

Json object_schema(Json properties, Json required_names) {
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required_names.empty()) schema["required"] = std::move(required_names);
  return schema;
}

Json echo_input() {
  return object_schema(
      {{"message", {{"type", "string"}, {"description", "The message to return"}}}},
      Json::array({"message"}));
}

Json add_input() {
  return object_schema({{"a", {{"type", "number"}}}, {"b", {{"type", "number"}}}},
                       Json::array({"a", "b"}));
}

Json add_output() { return object_schema({{"sum", {{"type", "number"}}}}, Json::array({"sum"})); }

Json time_input() {
  return object_schema(
      {{"timezone",
        {{"type", "string"}, {"description", "IANA name, e.g. Europe/Berlin"}, {"default", "UTC"}}},
       {"format",
        {{"type", "string"}, {"enum", {"iso8601", "rfc2822", "unix"}}, {"default", "iso8601"}}}},
      Json::array());
}

Json sleep_input() {
  return object_schema({{"seconds", {{"type", "number"}, {"minimum", 0}, {"maximum", kMaxSleep}}}},
                       Json::array({"seconds"}));
}

struct Tool {
  std::string_view name;
  std::string_view title;
  std::string_view description;
  Json (*input)();
  Json (*output)();  // nullptr: no structured content
  bool idempotent;
  Outcome (*run)(const Json& arguments);
};

constexpr std::array kTools = {
    Tool{"echo", "Echo", "Returns the message.", echo_input, nullptr, true, echo},
    Tool{"add", "Add", "Adds two numbers.", add_input, add_output, true, add},
    Tool{"time", "Time", "Returns the current time in a timezone.", time_input, nullptr, false,
         time},
    Tool{"sleep", "Sleep",
         "Answers after the given time. Reports progress in ten steps and can be cancelled.",
         sleep_input, nullptr, true, sleep},
};

}  // namespace

Json list_tools() {
  Json tools = Json::array();
  for (const Tool& tool : kTools) {
    Json entry = {{"name", tool.name},
                  {"title", tool.title},
                  {"description", tool.description},
                  {"inputSchema", tool.input()}};
    if (tool.output) entry["outputSchema"] = tool.output();
    entry["annotations"] = {{"title", tool.title},
                            {"readOnlyHint", true},
                            {"idempotentHint", tool.idempotent},
                            {"openWorldHint", false}};
    tools.push_back(std::move(entry));
  }
  return tools;
}

Outcome call_tool(std::string_view name, const Json& arguments) {
  for (const Tool& tool : kTools) {
    if (tool.name != name) continue;
    try {
      return tool.run(arguments);
    } catch (const BadArgument& bad) {
      return error_result(bad.message);
    }
  }
  throw RpcError{kInvalidParams, fmt::format("Unknown tool: {}", name)};
}

Json text_result(std::string_view text) {
  return {{"content", Json::array({{{"type", "text"}, {"text", text}}})}};
}

Json error_result(std::string_view text) {
  Json result = text_result(text);
  result["isError"] = true;
  return result;
}

}  // namespace sidecar::demo
