// Message: one JSON-RPC message as the bytes it came in, with the places of the few members that a
// proxy must know. Validates the whole text (RFC 8259 grammar, UTF-8, one value) but builds no
// document: nothing that is passed on is ever re-serialised. Knows JSON-RPC 2.0 and the places
// where MCP puts ids, tokens and isError; which members are read of which method: member_names.hpp.
// No state; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.hpp"

namespace sidecar::jsonrpc {

// Deeper nesting is refused, in both directions: whoever parses the message next may recurse.
inline constexpr int kMaxDepth = 1000;

// Longest token, in bytes, of what is kept as long as a request is open: its id, method and
// progress token.
inline constexpr std::size_t kMaxKept = 4096;

// Readable bytes that simdjson wants behind a text; parse() sees to it.
inline constexpr std::size_t kPadding = 64;

// A range of bytes of a text; size 0: not there.
struct Span {
  std::size_t begin = 0;
  std::size_t size = 0;

  explicit operator bool() const { return size != 0; }
  std::size_t end() const { return begin + size; }
  std::string_view in(std::string_view text) const { return text.substr(begin, size); }
};

enum class Kind { kRequest, kNotification, kResult, kError };

struct Envelope {
  Kind kind = Kind::kNotification;
  Span id;      // token: a number, a string with its quotes, or null (errors only)
  Span method;  // token, with its quotes
  Span params;  // object or array
  Span result;
  Span error;
  // Members of params, as tokens of whatever type they have.
  Span name;        // tools/call, prompts/get
  Span uri;         // resources/…
  Span request_id;  // notifications/cancelled
  Span task;        // a task-augmented request
  // params._meta.progressToken of a request; params.progressToken of notifications/progress
  Span progress_token;
  // result.isError: a tool that failed says so (MCP 2025-11-25, Tools, Error Handling)
  Span is_error;
};

// Why a text is no message, in the terms of JSON-RPC 2.0, section 5.1.
struct ParseError {
  int code = 0;            // -32700 not one valid JSON value; -32600 JSON, but no message
  std::string message;     // one line
  std::string id;          // the id's token where one could be read, else "null"
  bool ambiguous = false;  // two readers could take different members or methods
};

struct Message {
  std::string
      // one line: CR and LF between tokens have become spaces; kPadding bytes of capacity behind it
      text;
  Envelope envelope;

  Kind kind() const { return envelope.kind; }
  std::string_view id() const { return envelope.id.in(text); }
  // The method's name, escapes undone; empty for an answer.
  std::string_view method() const;

 private:
  friend tl::expected<Message, ParseError> parse(std::string text);
  std::string unescaped_method_;  // only when the text writes it with escapes
};

// Errors: see ParseError. A batch (an array) is -32600. So is, because two readers could take
// different members: a second member of one name in the message, its params or its _meta; there, or
// in another object that is read of this method, a member whose name reads like one that is read; a
// method with a control character, or that reads like a known one. Ids are strings or numbers (MCP:
// never null), and id, method and progress token within kMaxKept: else -32600.
tl::expected<Message, ParseError> parse(std::string text);

// Finds members of the object that `within` covers (the whole text by default) and validates all of
// it. Returns one span per name, in the order of `names`. Errors: not an object, not valid, a
// duplicate of a name, a member whose name reads like one. `text` needs kPadding bytes of capacity
// behind it.
Result<std::vector<Span>> find_members(const std::string& text,
                                       std::span<const std::string_view> names, Span within = {});

// The elements of the array that `within` covers. Errors and padding as above.
Result<std::vector<Span>> find_elements(const std::string& text, Span within);

// The text that a JSON string token stands for; an Error when the token is no string or has a lone
// surrogate.
Result<std::string> string_value(std::string_view token);

// `text` as a JSON string token, with its quotes; bytes that are not UTF-8 become U+FFFD.
std::string string_token(std::string_view text);

// Makes sure that kPadding bytes of capacity follow the text.
void pad(std::string& text);

}  // namespace sidecar::jsonrpc
