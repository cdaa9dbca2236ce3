// walk(): one pass over a JSON text that validates every token of it (RFC 8259 grammar, UTF-8, one
// value) and tells visitors where things stand. The only user of simdjson. No state; any thread.
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
  // A member's name as unescaped() gives it, before the value is walked. Returns the visitor of the
  // value's own members, should it be an object; nullptr: they are of no interest.
  virtual Visitor* enter(std::string_view name) = 0;
  // The value of the member that was entered last.
  virtual void leave(Span value) = 0;
};

struct WalkFault {
  bool other_kind = false;  // valid JSON, but not the kind of value that was wanted
  std::string problem;      // else what is not valid
};

// `text` is one value: an object for `visitor` or, when that is nullptr, an array for `elements`.
// It needs kPadding readable bytes behind it.
std::optional<WalkFault> walk(std::string_view text, Visitor* visitor, std::vector<Span>* elements);

}  // namespace sidecar::jsonrpc
