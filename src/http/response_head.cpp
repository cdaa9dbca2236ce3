#include "http/response_head.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>
#include <iterator>

namespace sidecar::http {
namespace {

constexpr std::string_view kFramingFields[] = {"Content-Length", "Transfer-Encoding", "Connection",
                                               "Keep-Alive"};

bool control_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

bool token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), boost::beast::http::detail::is_token_char);
}

}  // namespace

bool may_write(const Field& field) {
  if (!token(field.name) || std::any_of(field.value.begin(), field.value.end(), control_character))
    return false;
  return std::none_of(std::begin(kFramingFields), std::end(kFramingFields),
                      [&](std::string_view name) { return boost::beast::iequals(field.name, name); });
}

bool has_body(int status) { return status != 204 && status != 304 && status >= 200; }

std::string_view connection_value(unsigned version, bool keep_alive) {
  if (!keep_alive) return "close";
  return version < 11 ? "keep-alive" : "";
}

std::string render_head(const AnswerHead& head, const Fields& fields, const Fields& more_fields) {
  const auto reason = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(head.status)));
  std::string text;
  text.reserve(256);
  auto out = std::back_inserter(text);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\n", head.status, std::string_view(reason.data(), reason.size()));
  if (!head.content_type.empty()) fmt::format_to(out, "Content-Type: {}\r\n", head.content_type);
  if (head.framing == Framing::kLength) fmt::format_to(out, "Content-Length: {}\r\n", head.length);
  if (head.framing == Framing::kChunked) text += "Transfer-Encoding: chunked\r\n";
  if (!head.connection.empty()) fmt::format_to(out, "Connection: {}\r\n", head.connection);
  for (const Fields* list : {&fields, &more_fields}) {
    for (const Field& field : *list) {
      if (may_write(field)) fmt::format_to(out, "{}: {}\r\n", field.name, field.value);
    }
  }
  text += "\r\n";
  return text;
}

}  // namespace sidecar::http
