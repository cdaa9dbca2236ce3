#include "http/request_reader.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <cctype>
#include <cstring>

#include "http/percent.hpp"

namespace sidecar::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;
using beast::http::verb;

// Bytes; the most that is reserved for a declared length before the body arrives.
constexpr std::size_t kReservedAtOnce = 1 << 20;
// Bytes of method, version and spaces around a target.
constexpr std::size_t kRequestLineExtra = 32;
// The shortest end of a chunked body; Beast's parser asserts that it gets at least this much.
constexpr std::size_t kMinChunkedEnd = std::string_view("0\r\n\r\n").size();
constexpr verb kServed[] = {verb::get,     verb::head,    verb::post, verb::put,
                            verb::delete_, verb::options, verb::patch};

std::string_view std_view(beast::string_view text) { return {text.data(), text.size()}; }

bool token_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         (c != '\0' && std::strchr("!#$%&'*+-.^_`|~", c));
}

// Host = uri-host [ ":" port ]. May be empty (RFC 9110, section 7.2).
bool valid_host(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           (c != '\0' && std::strchr("-._~!$&'()*+,;=:[]%", c));
  });
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "<method> <target> HTTP/<digit>.<digit>": an unsupported version, not a malformed line.
bool names_a_version(std::string_view line) {
  if (line.size() < 9 || std::count(line.begin(), line.end(), ' ') != 2) return false;
  const std::string_view tail = line.substr(line.size() - 9);
  return tail.starts_with(" HTTP/") && tail[7] == '.' && all_digits(tail.substr(6, 1)) &&
         all_digits(tail.substr(8));
}

}  // namespace

RequestReader::RequestReader(const Limits& limits) : limits_(limits) {
  // Beast's limits never apply: the head's are checked before Beast gets a byte, the body's after
  // the head check.
  header_limit(static_cast<std::uint32_t>(limits.head_bytes + 1));
  body_limit(boost::none);
}

RequestReader::Progress RequestReader::read(std::string_view& input) {
  switch (phase_) {
    case Phase::kHead:
      return read_head(input);
    case Phase::kBody:
      return read_body(input);
    case Phase::kDone:
      return Progress::kDone;
    case Phase::kRefused:
      break;
  }
  return Progress::kRefused;
}

RequestReader::Progress RequestReader::refuse(int status, std::string_view why) {
  phase_ = Phase::kRefused;
  if (refusal_.status == 0) refusal_ = {status, why};
  return Progress::kRefused;
}

RequestReader::Progress RequestReader::refuse(std::string_view head, ErrorCode code) {
  using beast::http::error;
  if (code == error::header_limit) return refuse(431, "the request's head is too large");
  if (code == error::bad_version && names_a_version(head.substr(0, head.find("\r\n")))) {
    return refuse(505, "only HTTP/1.1 and HTTP/1.0 are supported");
  }
  if (code == error::bad_method || code == error::bad_target || code == error::bad_version) {
    return refuse(400, "the request line is malformed");
  }
  if (code == error::bad_content_length || code == error::multiple_content_length) {
    return refuse(400, "Content-Length is malformed or contradicts another field");
  }
  if (code == error::bad_transfer_encoding) {
    return refuse(400, "Transfer-Encoding is repeated or contradicts Content-Length");
  }
  return refuse(400,
                head_done() ? "the request's body is malformed" : "a header field is malformed");
}

std::size_t RequestReader::find_head_end(std::string_view text) {
  const auto no_head = [this](int status, std::string_view why) {
    refuse(status, why);
    return std::size_t{0};
  };
  if (scanned_ == 0 && text.front() == '\r') {  // an empty line before the request, split in two
    if (text.size() == 1) return 0;
    if (text[1] == '\n') scanned_ = blank_ = 2;
  }
  if (lines_ == 0 && text.size() > blank_ && !token_char(text[blank_])) {
    return no_head(400, "the request line is malformed");
  }
  for (;;) {
    const std::size_t line_feed = text.find('\n', std::max(scanned_, searched_));
    const std::size_t end = std::min(line_feed, text.size());
    if (lines_ == 0 && end > limits_.head_bytes / 2 + kRequestLineExtra) {
      return no_head(414, "the request target is too long");
    }
    if (end >= limits_.head_bytes) return no_head(431, "the request's head is too large");
    if (line_feed == std::string_view::npos) {
      searched_ = text.size();
      return 0;
    }
    if (line_feed == 0 || text[line_feed - 1] != '\r')
      return no_head(400, "a line does not end in CR LF");

    const std::string_view line = text.substr(scanned_, line_feed - 1 - scanned_);
    scanned_ = line_feed + 1;
    if (line.empty()) return scanned_;
    if (line.front() == ' ' || line.front() == '\t') return no_head(400, "a header line is folded");
    if (lines_++ > limits_.header_count) return no_head(431, "too many header fields");
  }
}

RequestReader::Progress RequestReader::read_head(std::string_view& input) {
  if (input.empty()) return Progress::kMore;
  const std::size_t carried = carry_.size();
  if (carried) carry_.append(input);
  const std::string_view text = carried ? std::string_view(carry_) : input;

  const std::size_t size = find_head_end(text);
  if (phase_ == Phase::kRefused) return Progress::kRefused;
  if (size == 0) {
    if (!carried) carry_ = input;
    input = {};
    return Progress::kMore;
  }
  ErrorCode error;
  const std::string_view head = text.substr(blank_, size - blank_);
  request_.fields.reserve(lines_, head.size());
  put(boost::asio::buffer(head), error);
  if (refusal_.status != 0) return refuse(refusal_.status, refusal_.why);
  if (error || !is_header_done()) return refuse(head, error);

  input.remove_prefix(size - carried);
  std::string().swap(carry_);
  phase_ = Phase::kBody;
  return Progress::kHead;
}

RequestReader::Progress RequestReader::read_body(std::string_view& input) {
  if (body_too_large()) return refuse(413, "the request's body is too large");
  const bool carried = !carry_.empty();
  if (carried) carry_.append(input);
  std::string_view rest = carried ? std::string_view(carry_) : input;

  ErrorCode error;
  const std::size_t least = chunked() ? kMinChunkedEnd : 1;
  while (rest.size() >= least && !is_done() && !error) {
    rest.remove_prefix(put(boost::asio::buffer(rest), error));
  }
  if (refusal_.status != 0) return refuse(refusal_.status, refusal_.why);
  if (error && error != beast::http::error::need_more) return refuse({}, error);
  if (!is_done()) {
    // Only framing is carried over (a chunk's size line, trailers); the head's limit applies.
    if (rest.size() > limits_.head_bytes)
      return refuse(431, "a chunk's size line or the trailers are too large");
    carry_ = std::string(rest);
    input = {};
    return Progress::kMore;
  }
  input.remove_prefix(input.size() - rest.size());
  std::string().swap(carry_);
  std::string& body = request_.body;
  if (body.capacity() - body.size() < kBodyPadding) body.reserve(body.size() + kBodyPadding);
  phase_ = Phase::kDone;
  return Progress::kDone;
}

void RequestReader::on_request_impl(Verb verb, Text method, Text target, int version,
                                    ErrorCode& error) {
  request_.method = std_view(method);
  request_.version = static_cast<unsigned>(version);
  if (std::find(std::begin(kServed), std::end(kServed), verb) == std::end(kServed)) {
    refusal_ = {501, "this method is not supported"};
  } else if (target.size() > limits_.head_bytes / 2) {
    refusal_ = {414, "the request target is too long"};
  } else {
    take_target(std_view(target));
  }
  if (refusal_.status != 0) error = beast::http::error::bad_target;
}

// RFC 9112, section 3.2: origin-form, absolute-form, and "*" for OPTIONS.
void RequestReader::take_target(std::string_view target) {
  if (target == "*" && request_.method == "OPTIONS") {
    request_.path = target;
    return;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!same_name(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    authority_ = target.substr(0, target.find_first_of("/?#"));
    target.remove_prefix(authority_.size());
    if (authority_.empty() || !valid_host(authority_))
      refusal_ = {400, "the request target is malformed"};
    if (target.empty() || target.front() == '?') request_.path.assign(1, '/');
    break;
  }
  const std::string_view path = target.substr(0, target.find('?'));
  if (path.size() < target.size()) request_.query = target.substr(path.size() + 1);
  if (request_.path.empty()) {
    if (auto decoded = percent_decoded(path); decoded && path.starts_with('/'))
      request_.path = std::move(*decoded);
  }
  if (request_.path.empty() || request_.path.find('\0') != std::string::npos ||
      target.find('#') != std::string_view::npos) {
    refusal_ = {400, "the request target is malformed"};
  }
}

void RequestReader::on_field_impl(KnownField known, Text name, Text value, ErrorCode&) {
  if (head_done()) return;  // trailers are ignored
  switch (known) {
    case field::host:
      ++hosts_;
      host_ = request_.fields.size();
      break;
    case field::content_length:
      lengths_ += all_digits(std_view(value)) ? 1 : 2;
      break;
    case field::transfer_encoding:
      ++codings_;
      only_chunked_ = same_name(std_view(value), "chunked");
      break;
    case field::expect:
      expects_continue_ = same_name(std_view(value), "100-continue");
      if (!expects_continue_ && refusal_.status == 0)
        refusal_ = {417, "no expectation but 100-continue is supported"};
      break;
    default:
      break;
  }
  request_.fields.add(std_view(name), std_view(value));
}

void RequestReader::on_header_impl(ErrorCode& error) {
  check_head();
  if (refusal_.status != 0) {
    error = beast::http::error::bad_field;
    return;
  }
  keep_alive_ = basic_parser::keep_alive();
  declared_length_ = content_length().value_or(0);
  if (request_.version < 11) expects_continue_ = false;  // RFC 9110, section 10.1.1
}

void RequestReader::check_head() {
  if (refusal_.status != 0) return;
  if (lengths_ > 1) refusal_ = {400, "Content-Length is malformed or repeated"};
  if (codings_ > 0) {
    if (lengths_ > 0 || codings_ > 1 || request_.version < 11) {
      refusal_ = {
          400, "Transfer-Encoding is repeated, contradicts Content-Length or came with HTTP/1.0"};
    } else if (!only_chunked_) {
      refusal_ = {501, "no transfer coding but chunked is implemented"};
    }
  }
  if (hosts_ > 1 || (hosts_ == 0 && request_.version >= 11)) {
    refusal_ = {400, "exactly one Host field is needed"};
    return;
  }
  if (hosts_ == 0) {
    if (!authority_.empty()) request_.fields.add("Host", authority_);
    return;
  }
  if (!valid_host(request_.fields[host_].value)) refusal_ = {400, "the Host field is malformed"};
  if (!authority_.empty()) request_.fields.set_value(host_, authority_);  // RFC 9112, section 3.2.2
}

void RequestReader::on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) {
  if (length && !discard_) {
    request_.body.reserve(
        static_cast<std::size_t>(std::min<std::uint64_t>(*length, kReservedAtOnce)) + kBodyPadding);
  }
}

void RequestReader::take_body(Text bytes, ErrorCode& error) {
  body_size_ += bytes.size();
  if (body_size_ > limits_.body_bytes) {
    refusal_ = {413, "the request's body is too large"};
    error = beast::http::error::body_limit;
  } else if (!discard_) {
    request_.body.append(bytes.data(), bytes.size());
  }
}

std::size_t RequestReader::on_body_impl(Text bytes, ErrorCode& error) {
  take_body(bytes, error);
  return bytes.size();
}

std::size_t RequestReader::on_chunk_body_impl(std::uint64_t, Text bytes, ErrorCode& error) {
  take_body(bytes, error);
  return bytes.size();
}

}  // namespace sidecar::http
