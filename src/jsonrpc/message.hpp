// Message: one JSON-RPC message as the bytes that were received, with the positions of the few
// members that a proxy needs. Validates the whole text (RFC 8259 grammar, UTF-8, one value) but
// builds no document, so forwarded text is never re-serialised. Knows JSON-RPC 2.0 and where MCP
// puts ids, tokens and isError; member_names.hpp lists the members that are read of each method.
// No state; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "jsonrpc/read.hpp"
#include "util/result.hpp"

namespace sidecar::jsonrpc {

// Deeper nesting is refused in both directions, because the receiver's parser may recurse.
inline constexpr int kMaxDepth = 1000;

// Bytes; the longest id, method or progress token. These are kept as long as a request is open.
inline constexpr std::size_t kMaxKept = 4096;

enum class Kind { kRequest, kNotification, kResult, kError };

struct Envelope {
  Kind kind = Kind::kNotification;
  Span id;      // token: a number, a string with its quotes, or null (errors only)
  Span method;  // token, with its quotes
  Span params;  // object or array
  Span result;
  Span error;
  // Members of params, as tokens of any type.
  Span name;        // tools/call, prompts/get
  Span uri;         // resources/…
  Span request_id;  // notifications/cancelled
  Span task;        // a task-augmented request
  // params._meta.progressToken of a request; params.progressToken of notifications/progress
  Span progress_token;
  // result.isError: the tool failed (MCP 2025-11-25, Tools, Error Handling)
  Span is_error;
};

// Why a text is not a message, in the terms of JSON-RPC 2.0, section 5.1.
struct ParseError {
  int code = 0;            // -32700: not one valid JSON value; -32600: JSON, but not a message
  std::string message;     // one line
  std::string id;          // the id's token when it could be read, else "null"
  bool ambiguous = false;  // two JSON readers could read different members or methods
};

struct Message {
  // One line: CR and LF between tokens are replaced by spaces. kPadding bytes of capacity follow.
  std::string text;
  Envelope envelope;

  Kind kind() const { return envelope.kind; }
  std::string_view id() const { return envelope.id.in(text); }
  // The method's name without escapes; empty for a result or an error.
  std::string_view method() const;

 private:
  friend tl::expected<Message, ParseError> parse_or_keep(std::string& text);
  std::string unescaped_method_;  // only when the text writes it with escapes
};

// Errors: see ParseError. These are -32600:
// - a batch (an array);
// - a duplicate member in the message, its params or its _meta;
// - a member whose name reads like one of those that are read (member_names.hpp), in the same
//   objects and in every other object that is read of this method;
// - a method with a control character, or one that reads like a known method;
// - an id that is neither a string nor a number (MCP: never null);
// - an id, a method or a progress token longer than kMaxKept.
tl::expected<Message, ParseError> parse(std::string text);
// The same; after an error `text` is what it was, but for line ends between tokens.
tl::expected<Message, ParseError> parse_or_keep(std::string& text);

// Whether the text begins as a batch, an array of messages, does.
// Only MCP 2025-03-26 has batches (Basic, Batching).
bool looks_like_batch(std::string_view text);

// The elements of a batch, each as a text of its own for parse(). Errors: not one valid array.
Result<std::vector<std::string>> take_apart(const std::string& text);

// Whether the text is valid UTF-8, and the text with U+FFFD in place of each byte that is not.
bool is_utf8(std::string_view text);
std::string with_valid_utf8(std::string_view text);

// `text` as a JSON string token, with quotes; bytes that are not UTF-8 become U+FFFD.
std::string string_token(std::string_view text);

}  // namespace sidecar::jsonrpc
