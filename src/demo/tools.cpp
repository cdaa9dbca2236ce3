#include "demo/tools.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <fmt/format.h>
#include <string>
#include <utility>

#include "demo/local_time.hpp"
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
    throw BadArgument{fmt::format("the argument '{}' has to be a string", name)};
  return value.get<std::string>();
}

std::string text_argument(const Json& arguments, const char* name, const char* otherwise) {
  return arguments.contains(name) ? text_argument(arguments, name) : otherwise;
}

const Json& number_argument(const Json& arguments, const char* name) {
  const Json& value = required(arguments, name);
  if (!value.is_number())
    throw BadArgument{fmt::format("the argument '{}' has to be a number", name)};
  return value;
}

Outcome echo(const Json& arguments) { return text_result(text_argument(arguments, "message")); }

// Whole numbers are added exactly as long as the sum fits 64 bits; everything else as doubles.
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

Outcome time(const Json& arguments) {
  const std::string zone = text_argument(arguments, "timezone", "UTC");
  const std::string format = text_argument(arguments, "format", "iso8601");
  if (!is_time_format(format))
    throw BadArgument{fmt::format("no time format '{}': iso8601, rfc2822 or unix", format)};
  const auto text = format_now(zone, format);
  if (!text)
    throw BadArgument{
        fmt::format("no timezone '{}' on this machine: an IANA name such as Europe/Berlin", zone)};
  return text_result(*text);
}

Outcome sleep(const Json& arguments) {
  const double seconds = number_argument(arguments, "seconds").get<double>();
  if (!(seconds >= 0 && seconds <= kMaxSleep)) {
    throw BadArgument{fmt::format("'seconds' has to be from 0 to {}", kMaxSleep)};
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
  return object_schema({{"message", {{"type", "string"}, {"description", "What to say back"}}}},
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
    Tool{"echo", "Echo", "Says back the message.", echo_input, nullptr, true, echo},
    Tool{"add", "Add", "Adds two numbers.", add_input, add_output, true, add},
    Tool{"time", "Time", "Tells the time.", time_input, nullptr, false, time},
    Tool{"sleep", "Sleep",
         "Answers after a while; reports progress ten times when asked to, and can be cancelled.",
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
