// Splice: replaces a few ranges of a text and keeps all other bytes. Also builds the few messages
// that mcp-sidecar sends itself. No state; any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "jsonrpc/message.hpp"

namespace sidecar::jsonrpc {

struct Edit {
  Span at;  // absent: the edit is ignored
  std::string_view with;
};

// At most four edits, in any order, not overlapping. The result has kPadding bytes of capacity
// behind it and hardly more, so its size is about the memory that it takes.
std::string splice(std::string_view text, std::initializer_list<Edit> edits);
// The same without a copy if the capacity of `text` suffices. No `with` may point into `text`.
std::string splice_in_place(std::string text, std::initializer_list<Edit> edits);

// Removes one member from the object that `within` covers: the one whose value is at `value`.
// REQUIRES: `text` is valid JSON.
std::string without_member(std::string_view text, Span within, Span value);

// `id`, `params`, `result`, `data` and `error_object` are JSON text and are inserted unchanged;
// empty `params` or `data` are left out. `method` and `message` are plain text.
std::string request_text(std::string_view id, std::string_view method, std::string_view params);
std::string notification_text(std::string_view method, std::string_view params);
std::string result_text(std::string_view id, std::string_view result);
// The error object alone.
std::string error_object(int code, std::string_view message, std::string_view data = {});
std::string error_text(std::string_view id, std::string_view error_object);

}  // namespace sidecar::jsonrpc
