#include "jsonrpc/message.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "jsonrpc/member_names.hpp"
#include "jsonrpc/walk.hpp"

namespace sidecar::jsonrpc {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Needs no escape in a JSON string and is not the start of one.
bool is_plain(char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; }

std::string shown(std::string_view name) {
  constexpr std::size_t kMaxLength = 60;
  return string_token(name.substr(0, kMaxLength));
}

// Finds the member name that has a given hash.
class NameOf : public Visitor {
 public:
  explicit NameOf(std::size_t hash) : hash_(hash) {}

  Visitor* enter(std::string_view name) override {
    if (std::hash<std::string_view>{}(name) == hash_) name_ = name;
    return nullptr;
  }
  void leave(Span) override {}

  const std::string& name() const { return name_; }

 private:
  const std::size_t hash_;
  std::string name_;
};

constexpr std::size_t kNoName = ~std::size_t{0};

// The visitor for a member that is an object; `name` is the index of the member in Named's list.
struct Inside {
  std::size_t name = kNoName;
  Visitor* visitor = nullptr;
};

// Records the positions of some members of an object. Remembers the first duplicate, and the first
// member whose name reads like one of the given names.
class Named : public Visitor {
 public:
  // kMessage: every duplicate member is an error, and so is a snake case spelling of a name (the
  // official Python SDK accepts both spellings). kValue: only the given names are checked.
  enum class Of { kMessage, kValue };

  // Records positions for the first places.size() names; for the others only seen() is known.
  // `names` (at most 64) and `places` outlive the visitor.
  Named(std::span<const std::string_view> names, std::span<Span> places, Of of, Inside first = {},
        Inside second = {})
      : names_(names), places_(places), of_(of), inside_{first, second} {
    assert(names.size() <= 64);
  }

  Visitor* enter(std::string_view name) override {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] != name) continue;
      if (seen(i) && duplicate_.empty()) duplicate_ = names_[i];
      seen_ |= std::uint64_t{1} << i;
      entered_ = i;
      return inside_[0].name == i   ? inside_[0].visitor
             : inside_[1].name == i ? inside_[1].visitor
                                    : nullptr;
    }
    entered_ = kNoName;
    other(name);
    return nullptr;
  }

  void leave(Span value) override {
    if (entered_ < places_.size()) places_[entered_] = value;
  }

  bool seen(std::size_t name) const { return (seen_ >> name & 1) != 0; }
  // No error is possible; the usual case. Otherwise the two *_text() functions decide.
  bool clean() const { return duplicate_.empty() && imitated_.empty() && others_.size() < 2; }
  // A name that occurs twice, and a name that another member's name reads like; empty: none.
  std::string_view duplicate() const { return duplicate_; }
  std::string_view imitated() const { return imitated_; }

  // Why the object is refused, in one line; empty: it is not. `object`: the text that was walked.
  std::string duplicate_text(std::string_view object) {
    if (!duplicate_.empty()) return "duplicate member " + shown(duplicate_);
    std::sort(others_.begin(), others_.end());
    const auto twice = std::adjacent_find(others_.begin(), others_.end());
    if (twice == others_.end()) return {};
    NameOf name(*twice);
    walk(object, &name, nullptr);
    return "duplicate member " + shown(name.name());
  }
  std::string imitation_text() const {
    if (imitated_.empty()) return {};
    return "ambiguous member " + shown(imitation_) + ": some JSON readers take it for " +
           shown(imitated_);
  }

 private:
  void other(std::string_view name) {
    if (of_ == Of::kMessage) others_.push_back(std::hash<std::string_view>{}(name));
    if (!imitated_.empty()) return;
    for (const std::string_view known : names_) {
      if (!reads_like(name, known, of_ == Of::kMessage)) continue;
      imitated_ = known;
      imitation_ = name;
      return;
    }
  }

  const std::span<const std::string_view> names_;
  const std::span<Span> places_;
  const Of of_;
  const std::array<Inside, 2> inside_;
  std::size_t entered_ = kNoName;  // index of the member entered last
  std::uint64_t seen_ = 0;         // one bit per name
  std::string_view duplicate_;
  std::string_view imitated_;
  std::string imitation_;
  std::vector<std::size_t> others_;  // hashes of names that are not in names_
};

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
  if (static_cast<bool>(envelope.result) == static_cast<bool>(envelope.error)) {
    return "neither a request nor an answer: one of \"method\", \"result\", \"error\" is needed";
  }
  if (envelope.error && first(envelope.error.in(text)) != '{') return "\"error\" must be an object";
  if (!is_id(id) && !(envelope.error && id == "null"))
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

// `within` as a text of its own; the bytes that follow it in `text` serve as padding.
std::string_view part(const std::string& text, Span within) {
  return within ? within.in(text) : std::string_view(text);
}

Error fault_of(const WalkFault& fault, std::string_view wanted) {
  if (fault.other_kind) return {"not a JSON " + std::string(wanted)};
  return {"not valid JSON: " + fault.problem};
}

Result<std::vector<Span>> find(const std::string& text, std::span<const std::string_view> names,
                               Span within, Named::Of of) {
  std::vector<Span> places(names.size());
  Named named(names, places, of);
  const std::string_view object = part(text, within);
  if (const auto fault = walk(object, &named, nullptr))
    return tl::unexpected(fault_of(*fault, "object"));
  if (!named.clean()) {
    std::string problem = named.duplicate_text(object);
    if (problem.empty()) problem = named.imitation_text();
    if (!problem.empty()) return fail(std::move(problem));
  }
  for (Span& place : places) {
    if (place) place.begin += within.begin;
  }
  return places;
}

bool is_object(const std::string& text, Span place) { return first(place.in(text)) == '{'; }

// Checks the members that are read of this method, in params and in the objects below. Returns why
// the message is refused; empty: it is not.
std::string fault_of_read(const std::string& text, Span params, std::string_view method) {
  for (const ReadMembers& each : read_members()) {
    if (!each.method.empty() && each.method != method) continue;
    Span object = params;
    for (const std::string_view& step : each.object()) {
      const auto place = find(text, {&step, 1}, object, Named::Of::kMessage);
      object = place ? (*place)[0] : Span();
      if (!is_object(text, object)) break;
    }
    if (!is_object(text, object)) continue;
    if (const auto read = find(text, each.members(), object, Named::Of::kMessage); !read)
      return read.error().message;
  }
  return {};
}

}  // namespace

tl::expected<Message, ParseError> parse(std::string text) {
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
  Named in_meta(kMetaNames, at_meta, Named::Of::kMessage);
  Named in_params(kParamsNames, at_params, Named::Of::kMessage, {kMeta, &in_meta});
  Named in_result(kResultNames, {&e.is_error, 1}, Named::Of::kValue);
  Named top(kTop, at_top, Named::Of::kMessage, {kParams, &in_params}, {kResult, &in_result});
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
  const std::pair<Named&, std::string_view> walked[] = {
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
    if (!fault.empty()) return refused(-32600, fault, true);
  }
  return message;
}

Result<std::vector<Span>> find_members(const std::string& text,
                                       std::span<const std::string_view> names, Span within) {
  return find(text, names, within, Named::Of::kValue);
}

Result<std::vector<Span>> find_elements(const std::string& text, Span within) {
  std::vector<Span> places;
  if (const auto fault = walk(part(text, within), nullptr, &places))
    return tl::unexpected(fault_of(*fault, "array"));
  for (Span& place : places) place.begin += within.begin;
  return places;
}

bool looks_like_batch(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '[';
}

Result<std::vector<std::string>> take_apart(const std::string& text) {
  const auto places = find_elements(text, {});
  if (!places) return tl::unexpected(places.error());
  std::vector<std::string> elements;
  elements.reserve(places->size());
  for (const Span place : *places) elements.emplace_back(place.in(text));
  return elements;
}

Result<std::string> string_value(std::string_view token) {
  const bool quoted = token.size() >= 2 && token.front() == '"' && token.back() == '"';
  const bool plain = quoted && std::all_of(token.begin() + 1, token.end() - 1, is_plain);
  if (plain) return std::string(token.substr(1, token.size() - 2));
  const nlohmann::json value = nlohmann::json::parse(token, nullptr, false);
  if (!value.is_string()) return fail("not a string");
  return value.get<std::string>();
}

std::string string_token(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void pad(std::string& text) {
  if (text.capacity() - text.size() < kPadding) text.reserve(text.size() + kPadding);
}

}  // namespace sidecar::jsonrpc
