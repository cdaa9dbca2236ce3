#include "jsonrpc/message.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <simdjson.h>
#include <utility>

#include "jsonrpc/member_names.hpp"
#include "jsonrpc/named_members.hpp"
#include "jsonrpc/walk.hpp"

namespace sidecar::jsonrpc {
namespace {

using Of = NamedMembers::Of;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The members that are read; those whose position is recorded come first. kParamsNames holds the
// members of all methods; read_members() has them by method.
enum Top : std::size_t { kJsonRpc, kId, kMethod, kParams, kResult, kError, kTopPlaces };
constexpr std::string_view kTop[] = {"jsonrpc", "id", "method", "params", "result", "error"};

enum InParams : std::size_t {
  kName,
  kMeta,
  kUri,
  kTask,
  kRequestId,
  kProgress,
  kParamsPlaces,
  kArguments = kParamsPlaces,
  kRef,
  kCapabilities,
  kClientInfo
};
constexpr std::string_view kParamsNames[] = {
    "name",          "_meta",         "uri",      "task",           "requestId",
    "progressToken", "arguments",     "ref",      "capabilities",   "clientInfo",
    "taskId",        "cursor",        "level",    "progress",       "status",
    "mode",          "elicitationId", "argument", "protocolVersion"};

enum InMeta : std::size_t { kToken, kMetaPlaces, kRelatedTask = kMetaPlaces };
constexpr std::string_view kMetaNames[] = {"progressToken",
                                           "io.modelcontextprotocol/related-task",
                                           "traceparent",
                                           "tracestate",
                                           "baggage",
                                           "io.modelcontextprotocol/protocolVersion",
                                           "io.modelcontextprotocol/clientInfo",
                                           "io.modelcontextprotocol/clientCapabilities",
                                           "io.modelcontextprotocol/logLevel"};

constexpr std::string_view kResultNames[] = {"isError"};

char first(std::string_view token) { return token.empty() ? '\0' : token.front(); }
bool is_id(std::string_view token) {
  return first(token) == '"' || first(token) == '-' || is_digit(first(token));
}

// Sets envelope.kind. Returns why a valid JSON object is not a JSON-RPC message; empty: it is one.
std::string_view classify(const std::string& text, Span version, Envelope& envelope) {
  if (version.in(text) != "\"2.0\"") return "\"jsonrpc\" must be \"2.0\"";
  const std::string_view id = envelope.id.in(text);
  if (envelope.method) {
    if (first(envelope.method.in(text)) != '"') return "\"method\" must be a string";
    if (envelope.result || envelope.error) return "both \"method\" and \"result\" or \"error\"";
    if (envelope.id && !is_id(id)) return "\"id\" must be a string or a number";
    const char kind = first(envelope.params.in(text));
    if (envelope.params && kind != '{' && kind != '[')
      return "\"params\" must be an object or an array";
    envelope.kind = envelope.id ? Kind::kRequest : Kind::kNotification;
    return {};
  }
  // Some servers write both, one of them as null.
  if (envelope.result && envelope.error) {
    if (envelope.error.in(text) == "null")
      envelope.error = {};
    else if (envelope.result.in(text) == "null")
      envelope.result = {};
  }
  if (static_cast<bool>(envelope.result) == static_cast<bool>(envelope.error)) {
    return "neither a request nor an answer: one of \"method\", \"result\", \"error\" is needed";
  }
  if (envelope.error && first(envelope.error.in(text)) != '{') return "\"error\" must be an object";
  // MCP 2025-11-25, schema: an error may have no id.
  if (!is_id(id) && !(envelope.error && (id == "null" || id.empty())))
    return "an answer needs an \"id\": a string or a number";
  envelope.kind = envelope.result ? Kind::kResult : Kind::kError;
  return {};
}

// Why the method cannot be passed on: a server could take it for another one than is read here. C
// readers end it at a NUL; no method has any other control character.
std::string fault_of_method(std::string_view method) {
  const bool control = std::any_of(method.begin(), method.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
  if (control) return "\"method\" has a control character";
  const std::string_view known = imitated_method(method);
  if (known.empty()) return {};
  return "ambiguous method " + shown(method) + ": some servers take it for " + shown(known);
}

// Replaces CR and LF by spaces, block by block, so that the second search runs in the cache.
void join_lines(std::string& text) {
  constexpr std::size_t kBlock = std::size_t{32} << 10;
  for (std::size_t from = 0; from < text.size(); from += kBlock) {
    const std::string_view block = std::string_view(text).substr(from, kBlock);
    for (const char line_end : {'\n', '\r'}) {
      for (std::size_t at = block.find(line_end); at != block.npos;
           at = block.find(line_end, at + 1))
        text[from + at] = ' ';
    }
  }
}

}  // namespace

std::string_view Message::method() const {
  if (!envelope.method) return {};
  if (!unescaped_method_.empty()) return unescaped_method_;
  return envelope.method.in(text).substr(1, envelope.method.size - 2);
}

namespace {

bool is_object(const std::string& text, Span place) { return first(place.in(text)) == '{'; }

// Checks the members that are read of this method, in params and in the objects below. Returns why
// the message is refused; empty: it is not.
std::string fault_of_read(const std::string& text, Span params, std::string_view method) {
  for (const ReadMembers& each : read_members()) {
    if (!each.method.empty() && each.method != method) continue;
    Span object = params;
    for (const std::string_view& step : each.object()) {
      Span place;
      const auto found = find_named(text, object, {&step, 1}, {&place, 1}, Of::kMessage);
      object = found ? place : Span();
      if (!is_object(text, object)) break;
    }
    if (!is_object(text, object)) continue;
    std::array<Span, std::tuple_size_v<decltype(each.names)>> places;
    const auto names = each.members();
    const auto read =
        find_named(text, object, names, std::span(places).first(names.size()), Of::kMessage);
    if (!read) return read.error().message;
  }
  return {};
}

}  // namespace

tl::expected<Message, ParseError> parse(std::string text) { return parse_or_keep(text); }

tl::expected<Message, ParseError> parse_or_keep(std::string& text) {
  std::string_view id = "null";
  const auto refused = [&id](int code, std::string_view why, bool ambiguous = false) {
    return tl::unexpected<ParseError>(
        ParseError{code, std::string(why), std::string(id), ambiguous});
  };
  pad(text);
  Message message;
  Envelope& e = message.envelope;
  std::array<Span, kTopPlaces> at_top;
  std::array<Span, kParamsPlaces> at_params;
  std::array<Span, kMetaPlaces> at_meta;
  NamedMembers in_meta(kMetaNames, at_meta, Of::kMessage);
  NamedMembers in_params(kParamsNames, at_params, Of::kMessage, {kMeta, &in_meta});
  NamedMembers in_result(kResultNames, {&e.is_error, 1}, Of::kValue);
  NamedMembers top(kTop, at_top, Of::kMessage, {kParams, &in_params}, {kResult, &in_result});
  if (const auto fault = walk(text, &top, nullptr)) {
    if (!fault->other_kind) return refused(-32700, "not valid JSON: " + fault->problem);
    return refused(-32600, first(text) == '[' ? "batches are not supported"
                                              : "a message must be a JSON object");
  }
  e.id = at_top[kId];
  e.method = at_top[kMethod];
  e.params = at_top[kParams];
  e.result = at_top[kResult];
  e.error = at_top[kError];
  e.name = at_params[kName];
  e.uri = at_params[kUri];
  e.task = at_params[kTask];
  e.request_id = at_params[kRequestId];
  e.progress_token = at_params[kProgress];
  const bool one_id = top.duplicate() != "id" && top.imitated() != "id";
  if (one_id && is_id(e.id.in(text)) && e.id.size <= kMaxKept) id = e.id.in(text);
  const std::pair<NamedMembers&, std::string_view> walked[] = {
      {top, text}, {in_params, e.params.in(text)}, {in_meta, at_params[kMeta].in(text)}};
  for (const auto& [names, object] : walked) {
    if (names.clean()) continue;
    if (const auto fault = names.duplicate_text(object); !fault.empty())
      return refused(-32600, fault, true);
    if (&names == &in_params) continue;  // checked below, by method
    if (const auto fault = names.imitation_text(); !fault.empty())
      return refused(-32600, fault, true);
  }
  if (const auto fault = classify(text, at_top[kJsonRpc], e); !fault.empty())
    return refused(-32600, fault);

  if (e.kind == Kind::kRequest) e.progress_token = at_meta[kToken];
  if (std::max({e.id.size, e.method.size, at_meta[kToken].size}) > kMaxKept)
    return refused(-32600, "\"id\", \"method\" or \"progressToken\" is too long");

  const std::string_view method = e.method.in(text);
  if (method.find('\\') != std::string_view::npos) {
    auto unescaped = string_value(method);
    if (!unescaped) return refused(-32600, "\"method\": " + unescaped.error().message);
    message.unescaped_method_ = std::move(*unescaped);
  }
  if (e.method) {
    const std::string_view name = message.unescaped_method_.empty()
                                      ? method.substr(1, method.size() - 2)
                                      : std::string_view(message.unescaped_method_);
    if (const auto fault = fault_of_method(name); !fault.empty())
      return refused(-32600, fault, true);
  }
  join_lines(text);
  message.text = std::move(text);
  const bool nested = in_params.seen(kRef) || in_params.seen(kCapabilities) ||
                      in_params.seen(kClientInfo) || in_meta.seen(kRelatedTask);
  if (e.method && (nested || !in_params.imitated().empty())) {
    id = e.id ? message.id() : "null";
    const auto fault = fault_of_read(message.text, e.params, message.method());
    if (!fault.empty()) {
      auto why = refused(-32600, fault, true);  // `id` is a view of message.text
      text = std::move(message.text);
      return why;
    }
  }
  return message;
}

bool looks_like_batch(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '[';
}

Result<std::vector<std::string>> take_apart(const std::string& text) {
  const auto places = find_elements(text, whole(text));
  if (!places) return tl::unexpected(places.error());
  std::vector<std::string> elements;
  elements.reserve(places->size());
  for (const Span place : *places) elements.emplace_back(place.in(text));
  return elements;
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

std::string with_valid_utf8(std::string_view text) {
  return string_value(string_token(text)).value_or(std::string());
}

std::string string_token(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sidecar::jsonrpc
