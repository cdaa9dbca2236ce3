// RequestReader: turns bytes into one Request, strictly, as they come; one object a request.
// Beast's parser knows the syntax. What it lets pass and we do not is refused here: bare line
// feeds, folded lines, unknown transfer codings, repeated or missing Host, other target forms,
// sizes beyond the limits. Knows nothing of sockets, time, routes or access. Owned by a Connection.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"
#include "http/server.hpp"

namespace sidecar::http {

class RequestReader : private boost::beast::http::basic_parser<true> {
 public:
  enum class Progress {
    kMore,  // all input was taken, the request is not complete
    // the head is complete (said once, also when there is no body): judge it, then read on
    kHead,
    kDone,     // the request is complete; what is left of the input belongs to the next one
    kRefused,  // see refusal(); the connection cannot be read any further
  };
  struct Refusal {
    int status = 0;
    std::string_view why;  // static text
  };

  explicit RequestReader(const Limits& limits);

  // Takes what it uses off the front of `input`. Not called again after kDone or kRefused.
  Progress read(std::string_view& input);

  // The head is valid from kHead on, the body from kDone on.
  Request& request() { return request_; }
  bool head_done() const { return phase_ != Phase::kHead; }
  const Refusal& refusal() const { return refusal_; }

  // From kHead on:
  bool keep_alive() const { return keep_alive_; }
  bool expects_continue() const { return expects_continue_; }
  bool body_too_large() const { return declared_length_ > limits_.body_bytes; }
  std::uint64_t declared_length() const { return declared_length_; }  // 0 when chunked

  // The body is checked and counted from here on, but not kept.
  void discard_body() { discard_ = true; }

  std::size_t held_bytes() const { return carry_.size() + request_.body.size(); }

 private:
  using Verb = boost::beast::http::verb;
  using KnownField = boost::beast::http::field;
  using Text = boost::beast::string_view;
  using ErrorCode = boost::beast::error_code;

  enum class Phase { kHead, kBody, kDone, kRefused };

  Progress read_head(std::string_view& input);
  Progress read_body(std::string_view& input);
  // Length of the head in `text` once it is all there; 0 when it is not, or refused.
  std::size_t find_head_end(std::string_view text);
  Progress refuse(int status, std::string_view why);
  Progress refuse(std::string_view head, ErrorCode error);
  void take_target(std::string_view target);
  void take_body(Text bytes, ErrorCode& error);
  void check_head();

  void on_request_impl(Verb verb, Text method, Text target, int version, ErrorCode& error) override;
  void on_field_impl(KnownField field, Text name, Text value, ErrorCode& error) override;
  void on_header_impl(ErrorCode& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& error) override;
  std::size_t on_body_impl(Text bytes, ErrorCode& error) override;
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t remain, Text bytes, ErrorCode& error) override;
  void on_finish_impl(ErrorCode&) override {}
  void on_response_impl(int, Text, int, ErrorCode&) override {}

  const Limits& limits_;
  Request request_;
  Refusal refusal_;
  std::string carry_;           // bytes that make no whole piece of syntax yet
  std::string_view authority_;  // of an absolute-form target, while the head is parsed
  std::uint64_t declared_length_ = 0;
  std::uint64_t body_size_ = 0;
  std::size_t scanned_ = 0;   // of the head: offset of the line that is being looked at
  std::size_t searched_ = 0;  // of the head: no line ends before this offset, after scanned_
  std::size_t lines_ = 0;
  std::size_t blank_ = 0;  // bytes of an empty line before the request line
  std::size_t host_ = 0;   // which field it is, when there is one
  unsigned hosts_ = 0;
  unsigned lengths_ = 0;
  unsigned codings_ = 0;
  bool only_chunked_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
  bool discard_ = false;
  Phase phase_ = Phase::kHead;
};

}  // namespace sidecar::http
