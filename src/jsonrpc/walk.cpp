#include "jsonrpc/walk.hpp"

#include <cstring>
#include <simdjson.h>

#include "jsonrpc/member_names.hpp"

namespace sidecar::jsonrpc {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::simdjson_error;

static_assert(kPadding >= simdjson::SIMDJSON_PADDING);

// Bytes. A parser keeps four bytes of index per byte of the longest text it parsed, so a larger
// text gets a parser of its own.
constexpr std::size_t kKeptParserLimit = 1 << 20;

[[noreturn]] void refuse(simdjson::error_code code) { throw simdjson_error(code); }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
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

// RFC 8259, section 7. simdjson has checked quotes, UTF-8 and control characters; lone surrogates
// are legal.
bool escapes_valid(std::string_view inside) {
  for (std::size_t at = inside.find('\\'); at != std::string_view::npos;
       at = inside.find('\\', at)) {
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

// The text between the quotes of a key; simdjson has checked that it is closed.
std::string_view key_text(const char* begin) {
  const char* end = begin;
  while (*end != '"') end += *end == '\\' ? 2 : 1;
  return {begin, static_cast<std::size_t>(end - begin)};
}

void check_scalar(ondemand::json_type type, std::string_view token) {
  switch (type) {
    case ondemand::json_type::string:
      if (token.size() < 2 || token.back() != '"' ||
          !escapes_valid(token.substr(1, token.size() - 2))) {
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

class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  // Throws simdjson_error; INCORRECT_TYPE if the text is valid but not of the expected kind.
  void run(Visitor* visitor, std::vector<Span>* elements) {
    document_ = parser().iterate(
        simdjson::padded_string_view(text_.data(), text_.size(), text_.size() + kPadding));
    const ondemand::json_type type = document_.type();
    if (type == ondemand::json_type::object) {
      object(document_.get_object(), 1, visitor);
    } else if (type == ondemand::json_type::array) {
      array(document_.get_array(), 1, elements);
    } else {
      lone_scalar(type);
    }
    if (document_.current_location().error() != simdjson::OUT_OF_BOUNDS)
      refuse(simdjson::TAPE_ERROR);
    const bool wanted =
        type == ondemand::json_type::object ? visitor != nullptr : elements != nullptr;
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
    refuse(string && key_text(token.data() + 1).size() + 2 != token.size()
               ? simdjson::TAPE_ERROR
               : simdjson::INCORRECT_TYPE);
  }

  std::size_t offset(const char* at) const { return static_cast<std::size_t>(at - text_.data()); }

  // The offset behind the last token read.
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
        // Read explicitly: an iterator that skips a string treats a colon behind it as a key's.
        if (type == ondemand::json_type::string) value.get_raw_json_string().value();
        return {begin, trimmed.size()};
      }
    }
    return {begin, here() - begin};
  }

  void object(ondemand::object object, int depth, Visitor* visitor) {
    if (depth > kMaxDepth) refuse(simdjson::DEPTH_ERROR);
    for (auto member : object) {
      // take_value(): value() would return the member's value instead of the field.
      ondemand::field field = std::move(member).take_value();
      const std::string_view raw = key_text(field.key().raw());
      if (!escapes_valid(raw)) refuse(simdjson::STRING_ERROR);
      if (visitor == nullptr) {
        value(field.value(), depth, nullptr);
      } else {
        const bool plain = raw.find('\\') == std::string_view::npos;
        Visitor* inside = plain ? visitor->enter(raw) : visitor->enter(unescaped(raw));
        visitor->leave(value(field.value(), depth, inside));
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

std::string describe(const simdjson_error& error) {
  return error.error() == simdjson::DEPTH_ERROR ? "nested too deeply" : std::string(error.what());
}

}  // namespace

std::optional<WalkFault> walk(std::string_view text, Visitor* visitor,
                              std::vector<Span>* elements) {
  try {
    Walk(text).run(visitor, elements);
  } catch (const simdjson_error& error) {
    if (error.error() == simdjson::INCORRECT_TYPE) return WalkFault{true, {}};
    return WalkFault{false, describe(error)};
  }
  return std::nullopt;
}

}  // namespace sidecar::jsonrpc
