// Splice: replaces a few ranges of a text; all other bytes stay as they are. And the few messages
// that are built here instead of being passed on.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "jsonrpc/message.hpp"

namespace sidecar::jsonrpc {

struct Edit {
  Span at;  // absent: nothing is done
  std::string_view with;
};

// Edits may come in any order, but must not overlap. At most four. The result has kPadding bytes of
// capacity behind it.
std::string splice(std::string_view text, std::initializer_list<Edit> edits);
// The same without a copy, where the capacity of `text` allows. No `with` may lie in `text`.
std::string splice_in_place(std::string text, std::initializer_list<Edit> edits);

// `text`, a valid JSON text, without the member of the object that `within` covers whose value is
// at `value`.
std::string without_member(std::string_view text, Span within, Span value);

// Every argument is JSON text that is put in as it is; `params` and `data` may be empty: left out.
std::string request_text(std::string_view id, std::string_view method, std::string_view params);
std::string notification_text(std::string_view method, std::string_view params);
std::string result_text(std::string_view id, std::string_view result);
// The error object alone; `message` is plain text.
std::string error_object(int code, std::string_view message, std::string_view data = {});
std::string error_text(std::string_view id, std::string_view error_object);

}  // namespace sidecar::jsonrpc
