#include "http/response_head.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>
#include <iterator>

namespace sidecar::http {
namespace {

constexpr std::size_t kUsualSize = 512;  // bytes of a head with CORS fields

constexpr std::string_view kFramingFields[] = {"Content-Length", "Transfer-Encoding", "Connection",
                                               "Keep-Alive"};

// RFC 9110, section 5.6.2.
constexpr std::array<bool, 256> kTokenCharacters = [] {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool token_character(char c) { return kTokenCharacters[static_cast<unsigned char>(c)]; }

bool has_control_character(std::string_view text) {
  unsigned found = 0;  // no early exit and no branch, so that the compiler can vectorise the loop
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    found |= (unsigned{byte < 0x20} & unsigned{byte != '\t'}) | unsigned{byte == 0x7f};
  }
  return found != 0;
}

bool token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), token_character);
}

void append_line(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ").append(value).append("\r\n");
}

void append_lines(std::string& text, const Fields& fields) {
  for (const Field& field : fields) {
    if (may_write(field)) append_line(text, field.name, field.value);
  }
}

}  // namespace

bool may_write(const Field& field) {
  if (!token(field.name) || has_control_character(field.value)) return false;
  return std::none_of(std::begin(kFramingFields), std::end(kFramingFields),
                      [&](std::string_view name) { return same_name(field.name, name); });
}

bool has_body(int status) { return status != 204 && status != 304 && status >= 200; }

std::string_view connection_value(unsigned version, bool keep_alive) {
  if (!keep_alive) return "close";
  return version < 11 ? "keep-alive" : "";
}

const std::string& HeadWriter::lines_of(const std::shared_ptr<const Fields>& usual) {
  if (usual != usual_) {
    usual_ = usual;
    usual_lines_.clear();
    append_lines(usual_lines_, *usual);
  }
  return usual_lines_;
}

std::string HeadWriter::render(const AnswerHead& head, const Fields& fields,
                               const ReplyFields& reply_fields) {
  const auto reason = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(head.status)));
  std::string text;
  text.reserve(kUsualSize);
  text.append("HTTP/1.1 ").append(fmt::format_int(head.status).c_str()).append(" ");
  text.append(reason.data(), reason.size()).append("\r\n");
  if (!head.content_type.empty()) append_line(text, "Content-Type", head.content_type);
  if (head.framing == Framing::kLength)
    append_line(text, "Content-Length", fmt::format_int(head.length).c_str());
  if (head.framing == Framing::kChunked) append_line(text, "Transfer-Encoding", "chunked");
  if (!head.connection.empty()) append_line(text, "Connection", head.connection);
  append_lines(text, fields);
  if (reply_fields.usual != nullptr) text += lines_of(reply_fields.usual);
  append_lines(text, reply_fields.own);
  text += "\r\n";
  return text;
}

}  // namespace sidecar::http
