// The head of an answer as bytes, for answers that the connection writes itself: late answers,
// large bodies, event streams. may_write() also filters the fields that the engine writes. Loop
// thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace sidecar::http {

// How the end of the body is marked.
enum class Framing { kLength, kNoBody, kChunked, kUntilClose };

struct AnswerHead {
  int status = 200;
  std::string_view content_type{};  // empty: none
  Framing framing = Framing::kLength;
  std::uint64_t length = 0;       // with kLength
  std::string_view connection{};  // value of the Connection field; empty: none
};

// False for a field that would split the answer (a control character, a name that is not a token)
// and for the framing fields, which only http sets: Content-Length, Transfer-Encoding, Connection,
// Keep-Alive.
bool may_write(const Field& field);

// 204 and 304 have no body and no Content-Length.
bool has_body(int status);

// Value of the Connection field: "close", "keep-alive" (needed for HTTP/1.0 only) or empty.
std::string_view connection_value(unsigned version, bool keep_alive);

// Renders heads; caches the lines of the fields that are usual for one request after the other.
class HeadWriter {
 public:
  std::string render(const AnswerHead& head, const Fields& fields, const ReplyFields& reply_fields);

 private:
  const std::string& lines_of(const std::shared_ptr<const Fields>& usual);

  std::shared_ptr<const Fields> usual_;  // of the last answer
  std::string usual_lines_;              // usual_ as header lines
};

}  // namespace sidecar::http
