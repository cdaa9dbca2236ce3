// walk(): validates every token of a JSON text in one pass (RFC 8259 grammar, UTF-8, one value) and
// reports positions to visitors. The only user of simdjson. No state; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jsonrpc/message.hpp"

namespace sidecar::jsonrpc {

// Receives the members of one object while a text is walked.
class Visitor {
 public:
  virtual ~Visitor() = default;
  // A member's name, as unescaped() returns it, before its value is walked. Returns the visitor for
  // the value's own members, used if the value is an object; nullptr: they are not reported.
  virtual Visitor* enter(std::string_view name) = 0;
  // The value of the member entered last.
  virtual void leave(Span value) = 0;
};

struct WalkFault {
  bool other_kind = false;  // valid JSON, but not the expected kind of value
  std::string problem;      // otherwise: why the text is not valid
};

// Expects an object when `visitor` is given, else an array, whose elements are put into `elements`.
// `text` needs kPadding readable bytes behind it.
std::optional<WalkFault> walk(std::string_view text, Visitor* visitor, std::vector<Span>* elements);

}  // namespace sidecar::jsonrpc
