#include "endpoints/rest/vapi.hpp"

#include <fmt/format.h>
#include <iterator>
#include <utility>

#include "endpoints/rest/call_result.hpp"
#include "endpoints/rest/tool_texts.hpp"
#include "jsonrpc/message.hpp"

namespace sidecar::endpoints {
namespace {

using jsonrpc::Span;

constexpr std::string_view kMembers[] = {"type", "toolCallList", "toolCalls",
                                         "toolWithToolCallList", "functionCall"};
constexpr std::size_t kFirstList = 1, kWithTool = 3, kFunction = 4;

bool is_object(std::string_view token) { return token.starts_with('{'); }

std::string id_in(const std::string& body, Span within) {
  const std::string_view id = jsonrpc::member(body, within, "id").in(body);
  const bool usable = id.starts_with('"') || id.find_first_of("0123456789") == 0;
  return usable ? std::string(id) : "null";
}

VapiCall call_in(const std::string& body, Span within) {
  return {id_in(body, within),
          read_function_call(body, within, ArgumentsMember::kArgumentsOrParameters)};
}

// An element of toolWithToolCallList: a tool, whose `parameters` are a schema, and its `toolCall`,
// which may leave the name to the tool.
VapiCall call_with_tool(const std::string& body, Span within) {
  const auto [call, tool_name, tool_function] =
      jsonrpc::members(body, within, {"toolCall", "name", "function"});
  if (!is_object(call.in(body)))
    return {"null", fail("an element of toolWithToolCallList has no toolCall")};
  const auto [name, function] = jsonrpc::members(body, call, {"name", "function"});
  if (name || jsonrpc::member(body, function, "name")) return call_in(body, call);
  const Span outer = tool_name ? tool_name : jsonrpc::member(body, tool_function, "name");
  const auto found =
      jsonrpc::find_members(body, function ? function : call, {"arguments", "parameters"});
  if (!found) return {id_in(body, call), fail("Invalid request body: " + found.error().message)};
  const Span given = (*found)[0] ? (*found)[0] : (*found)[1];
  std::string text = fmt::format(R"({{"name":{},"arguments":{}}})", outer ? outer.in(body) : "null",
                                 given ? given.in(body) : "null");
  jsonrpc::pad(text);
  return {id_in(body, call), read_call(text, jsonrpc::whole(text), "Function")};
}

Result<std::optional<VapiMessage>> read_calls(
    const std::string& body, const std::array<Span, std::size(kMembers)>& members) {
  VapiMessage message{VapiMessage::Kind::kCalls};
  bool listed = false;
  for (std::size_t i = kFirstList; i <= kWithTool; ++i) {
    const std::string_view list = members[i].in(body);
    if (list.empty() || list == "null") continue;
    const auto elements = jsonrpc::find_elements(body, members[i]);
    if (!elements) return fail(fmt::format("{}: {}", kMembers[i], elements.error().message));
    listed = true;
    if (elements->size() > kMaxVapiCalls)
      return fail(fmt::format("{} has {} calls; at most {} are allowed", kMembers[i],
                              elements->size(), kMaxVapiCalls));
    for (const Span each : *elements)
      message.calls.push_back(i == kWithTool ? call_with_tool(body, each) : call_in(body, each));
    if (!message.calls.empty()) return message;  // the lists repeat each other
  }
  if (is_object(members[kFunction].in(body))) {
    message.kind = VapiMessage::Kind::kFunctionCall;
    message.calls.push_back(call_in(body, members[kFunction]));
    return message;
  }
  if (!listed && !members[0]) return std::nullopt;
  return message;
}

// Replaces each run of white space and control characters, line separators included, by a space.
std::string one_line(std::string_view text) {
  std::string line;
  bool gap = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::string_view rest = text.substr(at);
    std::size_t blank = byte <= ' ' || byte == 0x7f ? 1 : 0;
    if (byte == 0xc2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xa0) blank = 2;
    if (rest.starts_with("\u2028") || rest.starts_with("\u2029")) blank = 3;
    if (blank > 0) {
      gap = !line.empty();
      at += blank;
      continue;
    }
    if (std::exchange(gap, false)) line += ' ';
    line += text[at++];
  }
  return shortened(std::move(line), kMaxVapiResult);
}

// The content as text; for a block without one its address or its kind.
std::string text_of(const CallResult& result) {
  std::string blocks(result.content);
  jsonrpc::pad(blocks);
  std::string all;
  bool any_text = false;
  for (const Span block : jsonrpc::elements(blocks, jsonrpc::whole(blocks))) {
    const auto text = jsonrpc::string_member(blocks, block, "text");
    const Span resource = jsonrpc::member(blocks, block, "resource");
    const auto inner = jsonrpc::string_member(blocks, resource, "text");
    const auto uri = jsonrpc::string_member(blocks, resource ? resource : block, "uri");
    const auto type = jsonrpc::string_member(blocks, block, "type");
    const std::string said = text ? *text : inner.value_or("");
    any_text = any_text || !said.empty();
    all.append(" ").append(!said.empty() ? said : uri ? *uri : type ? "[" + *type + "]" : "");
  }
  return any_text || result.structured.empty() ? all : std::string(result.structured);
}

std::string member(std::string_view name, std::string_view text) {
  return fmt::format(R"("{}":{})", name, jsonrpc::string_token(one_line(text)));
}

}  // namespace

Result<std::optional<VapiMessage>> read_vapi_message(const std::string& body) {
  const auto top =
      jsonrpc::find_members(body, jsonrpc::whole(body), {"name", "function", "message"});
  if (!top) return std::nullopt;
  const auto [name, function, message] = *top;
  if (name || function) return std::nullopt;
  const Span scope = is_object(message.in(body)) ? message : jsonrpc::whole(body);
  const auto members = jsonrpc::find_members(body, scope, kMembers);
  if (!members) return fail("Invalid request body: " + members.error().message);
  const auto type = jsonrpc::string_value((*members)[0].in(body));
  if (!type || *type == "tool-calls" || *type == "function-call") return read_calls(body, *members);
  if (!message) return std::nullopt;
  return VapiMessage{};
}

std::string vapi_outcome(mux::Answer answer) {
  if (answer.outcome != mux::Outcome::kResult) return vapi_error(answer.message);
  jsonrpc::pad(answer.text);
  const auto result = CallResult::of(answer);
  if (!result) return vapi_error(result.error().message);
  if (result->failed) return vapi_error(result->failure());
  return member("result", text_of(*result));
}

std::string vapi_error(std::string_view problem) { return member("error", problem); }

std::string vapi_answer(const VapiMessage& message, const std::vector<std::string>& outcomes) {
  if (message.kind == VapiMessage::Kind::kOther) return "{}";
  std::string all = R"({"results":[)";
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    fmt::format_to(std::back_inserter(all), R"({}{{"toolCallId":{},{}}})", i == 0 ? "" : ",",
                   message.calls[i].id, outcomes[i]);
  all += ']';
  // A function-call is answered in its older form too.
  if (message.kind == VapiMessage::Kind::kFunctionCall) all += ',' + outcomes.front();
  return all + '}';
}

}  // namespace sidecar::endpoints
