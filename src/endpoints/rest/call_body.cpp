#include "endpoints/rest/call_body.hpp"

#include <fmt/format.h>

namespace sidecar::endpoints {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

// Members that clients send in place of `arguments`.
constexpr std::string_view kMeantAsArguments[] = {
    "params",    "args",       "input",         "parameters",     "argument", "inputs",
    "toolInput", "tool_input", "toolArguments", "tool_arguments", "kwargs"};
constexpr std::size_t kMeant = std::size(kMeantAsArguments);

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

bool is_empty_array(std::string_view text) {
  return text.starts_with('[') && text.ends_with(']') &&
         trimmed(text.substr(1, text.size() - 2)).empty();
}

// `token`: a value of a body that was checked.
Result<std::string> arguments_of(std::string_view token) {
  if (token.starts_with('{')) return std::string(token);
  std::string text(token);
  if (token.starts_with('"')) {
    auto inside = jsonrpc::string_value(token);
    if (!inside) return fail("arguments: " + inside.error().message);
    text = *std::move(inside);
  }
  jsonrpc::pad(text);
  auto arguments = arguments_in(std::move(text));
  if (!arguments) return fail("arguments must be a JSON object: " + arguments.error().message);
  return arguments;
}

// Errors: a member that was meant as `arguments`.
Result<void> refuse_other_members(const std::string& body, jsonrpc::Span within) {
  const auto found = jsonrpc::find_members(body, within, kMeantAsArguments);
  if (!found) return fail("Invalid request body: " + found.error().message);
  for (std::size_t i = 0; i < kMeant; ++i) {
    const std::string_view value = (*found)[i].in(body);
    if (!value.empty() && value != "null")
      return fail(fmt::format(R"(the arguments of the call go into "arguments", not into "{}")",
                              kMeantAsArguments[i]));
  }
  return {};
}

}  // namespace

std::string NamedCall::params(std::string_view more) const {
  static constexpr std::string_view kAround = R"({"name":,"arguments":})";
  std::string text;
  text.reserve(kAround.size() + name.size() + arguments.size() + more.size());
  text.append(R"({"name":)").append(name).append(R"(,"arguments":)").append(arguments).append(more);
  return text += '}';
}

Result<NamedCall> read_call(const std::string& body, jsonrpc::Span within, std::string_view asked,
                            ArgumentsMember member) {
  const auto found = jsonrpc::find_members(body, within, {"name", "arguments"});
  if (!found) return fail("Invalid request body: " + found.error().message);
  const std::string_view name = (*found)[0].in(body);
  if (name.empty() || name == "null" || name == R"("")")
    return fail(std::string(asked) + " name is required");
  if (name.front() != '"') return fail(std::string(asked) + " name must be a string");
  jsonrpc::Span arguments = (*found)[1];
  if (!arguments && member == ArgumentsMember::kArgumentsOrParameters) {
    const auto parameters = jsonrpc::find_members(body, within, {"parameters"});
    if (!parameters) return fail("Invalid request body: " + parameters.error().message);
    arguments = (*parameters)[0];
  } else if (!arguments) {
    if (const auto other = refuse_other_members(body, within); !other)
      return tl::unexpected(other.error());
  }
  auto object = arguments_of(arguments.in(body));
  if (!object) return tl::unexpected(std::move(object).error());
  return NamedCall{std::string(name), *std::move(object)};
}

Result<NamedCall> read_function_call(const std::string& body, jsonrpc::Span within,
                                     ArgumentsMember member) {
  const auto found = jsonrpc::find_members(body, within, {"name", "function"});
  if (!found) return fail("Invalid request body: " + found.error().message);
  const auto [name, function] = *found;
  const bool whole = !name && function.in(body).starts_with('{');
  return read_call(body, whole ? function : within, "Function", member);
}

Result<std::string> arguments_in(std::string text) {
  const std::string_view bare = trimmed(text);
  if (bare.empty() || bare == "null" || is_empty_array(bare)) return std::string("{}");
  if (const auto object = jsonrpc::check_object(text); !object)
    return tl::unexpected(object.error());
  return text;
}

}  // namespace sidecar::endpoints
