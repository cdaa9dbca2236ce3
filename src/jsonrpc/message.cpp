#include "jsonrpc/message.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <simdjson.h>

namespace sidecar::jsonrpc {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::simdjson_error;

static_assert(kPadding >= simdjson::SIMDJSON_PADDING);

// A parser keeps four bytes of index for each byte of the longest text it saw, so a big text gets one of its
// own.
constexpr std::size_t kKeptParserLimit = 1 << 20;

[[noreturn]] void refuse(simdjson::error_code code) { throw simdjson_error(code); }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Stands for itself in a JSON string, whatever is around it.
bool is_plain(char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string_view trim_end(std::string_view token) {
  while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
  return token;
}

// RFC 8259, section 6.
bool is_number(std::string_view token) {
  std::size_t at = 0;
  auto peek = [&] { return at < token.size() ? token[at] : '\0'; };
  auto digits = [&] {
    const std::size_t from = at;
    while (is_digit(peek())) ++at;
    return at > from;
  };
  if (peek() == '-') ++at;
  if (peek() == '0')
    ++at;
  else if (!digits())
    return false;
  if (peek() == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at;
    if (peek() == '+' || peek() == '-') ++at;
    if (!digits()) return false;
  }
  return at == token.size();
}

// RFC 8259, section 7. simdjson has seen to quotes, UTF-8 and control characters; lone surrogates are legal
// and pass.
bool escapes_valid(std::string_view inside) {
  for (std::size_t at = inside.find('\\'); at != std::string_view::npos; at = inside.find('\\', at)) {
    const char kind = at + 1 < inside.size() ? inside[at + 1] : '\0';
    at += 2;
    if (kind == 'u') {
      for (int i = 0; i < 4; ++i, ++at) {
        if (at >= inside.size() || !is_hex(inside[at])) return false;
      }
    } else if (kind == '\0' || std::strchr("\"\\/bfnrt", kind) == nullptr) {
      return false;
    }
  }
  return true;
}

// What stands between the quotes of a key; simdjson knows that it is closed.
std::string_view key_text(const char* begin) {
  const char* end = begin;
  while (*end != '"') end += *end == '\\' ? 2 : 1;
  return {begin, static_cast<std::size_t>(end - begin)};
}

void check_scalar(ondemand::json_type type, std::string_view token) {
  switch (type) {
    case ondemand::json_type::string:
      if (token.size() < 2 || token.back() != '"' || !escapes_valid(token.substr(1, token.size() - 2))) {
        refuse(simdjson::STRING_ERROR);
      }
      break;
    case ondemand::json_type::number:
      if (!is_number(token)) refuse(simdjson::NUMBER_ERROR);
      break;
    case ondemand::json_type::boolean:
      if (token != "true" && token != "false") refuse(simdjson::T_ATOM_ERROR);
      break;
    default:
      if (token != "null") refuse(simdjson::N_ATOM_ERROR);
  }
}

// Receives the members of one object on the way. Stays with the object's keys, escapes undone.
class Visitor {
 public:
  virtual ~Visitor() = default;
  // Before a member's value is walked: the visitor of its members, should it be an object; nullptr: not of
  // interest.
  virtual Visitor* enter(std::string_view) { return nullptr; }
  virtual void found(std::string_view key, Span value) = 0;
};

// One pass over a text: validates every token of it and tells visitors where things stand.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  // The text is one value: an object for `visitor`, or an array for `elements`; the other kind is an
  // INCORRECT_TYPE once the text has turned out to be valid. Throws simdjson_error.
  void run(Visitor* visitor, std::vector<Span>* elements) {
    document_ =
        parser().iterate(simdjson::padded_string_view(text_.data(), text_.size(), text_.size() + kPadding));
    const ondemand::json_type type = document_.type();
    if (type == ondemand::json_type::object) {
      object(document_.get_object(), 1, visitor);
    } else if (type == ondemand::json_type::array) {
      array(document_.get_array(), 1, elements);
    } else {
      lone_scalar(type);
    }
    if (document_.current_location().error() != simdjson::OUT_OF_BOUNDS) refuse(simdjson::TAPE_ERROR);
    const bool wanted = type == ondemand::json_type::object ? visitor != nullptr : elements != nullptr;
    if (!wanted) refuse(simdjson::INCORRECT_TYPE);
  }

 private:
  ondemand::parser& parser() {
    static thread_local ondemand::parser kept;
    return text_.size() <= kKeptParserLimit ? kept : own_.emplace();
  }

  [[noreturn]] void lone_scalar(ondemand::json_type type) {
    const std::string_view token = trim_end(text_.substr(text_.find_first_not_of(" \t\r\n")));
    check_scalar(type, token);
    const bool string = type == ondemand::json_type::string;
    refuse(string && key_text(token.data() + 1).size() + 2 != token.size() ? simdjson::TAPE_ERROR
                                                                           : simdjson::INCORRECT_TYPE);
  }

  std::size_t offset(const char* at) const { return static_cast<std::size_t>(at - text_.data()); }

  // Behind the last token that was read.
  std::size_t here() {
    const char* next = nullptr;
    std::size_t end =
        document_.current_location().get(next) == simdjson::SUCCESS ? offset(next) : text_.size();
    while (is_space(text_[end - 1])) --end;
    return end;
  }

  Span value(ondemand::value value, int depth, Visitor* visitor) {
    const std::string_view token = value.raw_json_token();
    const std::size_t begin = offset(token.data());
    switch (const ondemand::json_type type = value.type()) {
      case ondemand::json_type::object:
        object(value.get_object(), depth + 1, visitor);
        break;
      case ondemand::json_type::array:
        array(value.get_array(), depth + 1, nullptr);
        break;
      default: {
        const std::string_view trimmed = trim_end(token);
        check_scalar(type, trimmed);
        // Taken explicitly: an iterator that skips a string takes a colon behind it for a key's.
        if (type == ondemand::json_type::string) value.get_raw_json_string().value();
        return {begin, trimmed.size()};
      }
    }
    return {begin, here() - begin};
  }

  void object(ondemand::object object, int depth, Visitor* visitor) {
    if (depth > kMaxDepth) refuse(simdjson::DEPTH_ERROR);
    for (auto member : object) {
      ondemand::field field = std::move(member).take_value();  // value() would be that of the member
      const std::string_view raw = key_text(field.key().raw());
      if (!escapes_valid(raw)) refuse(simdjson::STRING_ERROR);
      if (visitor == nullptr) {
        value(field.value(), depth, nullptr);
      } else if (raw.find('\\') == std::string_view::npos) {
        visitor->found(raw, value(field.value(), depth, visitor->enter(raw)));
      } else {
        const std::string key = string_value({raw.data() - 1, raw.size() + 2}).value_or("");
        visitor->found(key, value(field.value(), depth, visitor->enter(key)));
      }
    }
  }

  void array(ondemand::array array, int depth, std::vector<Span>* elements) {
    if (depth > kMaxDepth) refuse(simdjson::DEPTH_ERROR);
    for (auto element : array) {
      const Span span = value(element.value(), depth, nullptr);
      if (elements != nullptr) elements->push_back(span);
    }
  }

  std::string_view text_;
  std::optional<ondemand::parser> own_;
  ondemand::document document_;
};

// Keeps the places of some names; a second occurrence of one is remembered as a fault.
class Named : public Visitor {
 public:
  struct Slot {
    std::string_view name;
    Span* place;
    Visitor* inside = nullptr;
  };

  // `slots` outlive it.
  explicit Named(std::span<const Slot> slots) : slots_(slots) {}

  Visitor* enter(std::string_view key) override {
    const Slot* slot = find(key);
    return slot != nullptr ? slot->inside : nullptr;
  }

  void found(std::string_view key, Span value) override {
    const Slot* slot = find(key);
    if (slot == nullptr) return;
    if (*slot->place && duplicate_.empty()) duplicate_ = slot->name;
    *slot->place = value;
  }

  std::string_view duplicate() const { return duplicate_; }

 private:
  const Slot* find(std::string_view key) const {
    for (const Slot& slot : slots_) {
      if (slot.name == key) return &slot;
    }
    return nullptr;
  }

  std::span<const Slot> slots_;
  std::string_view duplicate_;
};

std::string describe(const simdjson_error& error) {
  return error.error() == simdjson::DEPTH_ERROR ? "nested too deeply" : std::string(error.what());
}

char first(std::string_view token) { return token.empty() ? '\0' : token.front(); }
bool is_id(std::string_view token) {
  return first(token) == '"' || first(token) == '-' || is_digit(first(token));
}

// What makes a valid JSON object a JSON-RPC message; empty when it is one, else what is wrong.
std::string_view classify(const std::string& text, Span version, Envelope& envelope) {
  if (version.in(text) != "\"2.0\"") return "\"jsonrpc\" must be \"2.0\"";
  const std::string_view id = envelope.id.in(text);
  if (envelope.method) {
    if (first(envelope.method.in(text)) != '"') return "\"method\" must be a string";
    if (envelope.result || envelope.error) return "both \"method\" and \"result\" or \"error\"";
    if (envelope.id && !is_id(id)) return "\"id\" must be a string or a number";
    const char kind = first(envelope.params.in(text));
    if (envelope.params && kind != '{' && kind != '[') return "\"params\" must be an object or an array";
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

// Block by block: the second search finds each in the cache.
void join_lines(std::string& text) {
  constexpr std::size_t kBlock = std::size_t{32} << 10;
  for (std::size_t from = 0; from < text.size(); from += kBlock) {
    const std::string_view block = std::string_view(text).substr(from, kBlock);
    for (const char line_end : {'\n', '\r'}) {
      for (std::size_t at = block.find(line_end); at != block.npos; at = block.find(line_end, at + 1))
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

tl::expected<Message, ParseError> parse(std::string text) {
  auto refused = [](int code, std::string_view why, std::string_view id = "null") {
    return tl::unexpected<ParseError>(ParseError{code, std::string(why), std::string(id)});
  };
  pad(text);
  Message message;
  Envelope& e = message.envelope;
  Span version;
  Span meta;
  Span meta_token;
  const Named::Slot of_meta[] = {{"progressToken", &meta_token}};
  Named in_meta(of_meta);
  const Named::Slot of_params[] = {{"name", &e.name},
                                   {"uri", &e.uri},
                                   {"requestId", &e.request_id},
                                   {"task", &e.task},
                                   {"progressToken", &e.progress_token},
                                   {"_meta", &meta, &in_meta}};
  Named in_params(of_params);
  const Named::Slot of_result[] = {{"isError", &e.is_error}};
  Named in_result(of_result);
  const Named::Slot of_message[] = {{"jsonrpc", &version}, {"id", &e.id},
                                    {"method", &e.method}, {"params", &e.params, &in_params},
                                    {"error", &e.error},   {"result", &e.result, &in_result}};
  Named top(of_message);
  try {
    Walk(text).run(&top, nullptr);
  } catch (const simdjson_error& error) {
    if (error.error() != simdjson::INCORRECT_TYPE)
      return refused(-32700, "not valid JSON: " + describe(error));
    return refused(-32600,
                   first(text) == '[' ? "batches are not supported" : "a message must be a JSON object");
  }
  const bool id_kept = is_id(e.id.in(text)) && e.id.size <= kLongestKept;
  const std::string_view id = id_kept ? e.id.in(text) : "null";
  for (const Named* names : {&top, &in_params, &in_meta}) {
    if (!names->duplicate().empty()) {
      return refused(-32600, "duplicate member \"" + std::string(names->duplicate()) + "\"",
                     names->duplicate() == "id" ? "null" : id);
    }
  }
  if (const std::string_view fault = classify(text, version, e); !fault.empty())
    return refused(-32600, fault, id);
  if (e.kind == Kind::kRequest) e.progress_token = meta_token;
  if (std::max({e.id.size, e.method.size, meta_token.size}) > kLongestKept)
    return refused(-32600, "\"id\", \"method\" or \"progressToken\" is too long", id);

  const std::string_view method = e.method.in(text);
  if (method.find('\\') != std::string_view::npos) {
    auto unescaped = string_value(method);
    if (!unescaped) return refused(-32600, "\"method\": " + unescaped.error().message, id);
    message.unescaped_method_ = std::move(*unescaped);
  }
  join_lines(text);
  message.text = std::move(text);
  return message;
}

namespace {

// `within` as a text of its own. What follows it in `text` serves as padding.
std::string_view part(const std::string& text, Span within) {
  return within ? within.in(text) : std::string_view(text);
}

Error fault_of(const simdjson_error& error, std::string_view wanted) {
  if (error.error() == simdjson::INCORRECT_TYPE) return {"not a JSON " + std::string(wanted)};
  return {"not valid JSON: " + describe(error)};
}

}  // namespace

Result<std::vector<Span>> find_members(const std::string& text, std::span<const std::string_view> names,
                                       Span within) {
  std::vector<Span> places(names.size());
  std::vector<Named::Slot> slots;
  slots.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) slots.push_back({names[i], &places[i]});
  Named named(slots);
  try {
    Walk(part(text, within)).run(&named, nullptr);
  } catch (const simdjson_error& error) {
    return tl::unexpected(fault_of(error, "object"));
  }
  if (!named.duplicate().empty()) return fail("duplicate member \"" + std::string(named.duplicate()) + "\"");
  for (Span& place : places) {
    if (place) place.begin += within.begin;
  }
  return places;
}

Result<std::vector<Span>> find_elements(const std::string& text, Span within) {
  std::vector<Span> places;
  try {
    Walk(part(text, within)).run(nullptr, &places);
  } catch (const simdjson_error& error) {
    return tl::unexpected(fault_of(error, "array"));
  }
  for (Span& place : places) place.begin += within.begin;
  return places;
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
