// RequestReader: a strict incremental parser of one Request; one object per request. Beast's parser
// handles the syntax. RequestReader also refuses bare line feeds, folded lines, unknown transfer
// codings, a repeated or missing Host, other target forms and sizes beyond the limits, which Beast
// accepts. Knows nothing of sockets, time, routes or access. Owned by a Connection; loop thread
// only.
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
    kMore,     // all input was consumed; the request is not complete
    kHead,     // the head is complete (returned once, also without a body): check it, read on
    kDone,     // the request is complete; the rest of the input belongs to the next one
    kRefused,  // see refusal(); the connection cannot be read any further
  };
  struct Refusal {
    int status = 0;
    std::string_view why;  // static text
  };

  explicit RequestReader(const Limits& limits);

  // Removes the consumed bytes from the front of `input`. Not called again after kDone or kRefused.
  Progress read(std::string_view& input);

  // The head is valid from kHead on, the body from kDone on.
  Request& request() { return request_; }
  bool head_done() const { return phase_ != Phase::kHead; }
  const Refusal& refusal() const { return refusal_; }

  // Valid from kHead on:
  bool keep_alive() const { return keep_alive_; }
  bool expects_continue() const { return expects_continue_; }
  bool has_body() const { return declared_length_ > 0 || codings_ > 0; }
  bool body_too_large() const { return declared_length_ > limits_.body_bytes; }
  std::uint64_t declared_length() const { return declared_length_; }  // 0 when chunked

  // From now on the body is checked and counted, but not kept.
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
  // The length of the head in `text`; 0: incomplete or refused.
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
  std::string carry_;           // bytes of an incomplete piece of syntax
  std::string_view authority_;  // of an absolute-form target, while the head is parsed
  std::uint64_t declared_length_ = 0;
  std::uint64_t body_size_ = 0;
  std::size_t scanned_ = 0;   // offset in the head of the line being scanned
  std::size_t searched_ = 0;  // offset in the head; no line ends between scanned_ and here
  std::size_t lines_ = 0;
  std::size_t blank_ = 0;  // bytes of an empty line before the request line
  std::size_t host_ = 0;   // index of the Host field; valid if hosts_ > 0
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
