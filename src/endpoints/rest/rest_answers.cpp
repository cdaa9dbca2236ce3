#include "endpoints/rest/rest_answers.hpp"

#include <fmt/format.h>

#include "endpoints/outcome_status.hpp"
#include "http/content_negotiation.hpp"
#include "jsonrpc/message.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::endpoints {

http::Response json_answer(std::string body, int status) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::string failure_text(std::string_view message, std::string_view more) {
  return fmt::format(R"({{"success":false,"error":{}{}}})", jsonrpc::string_token(message), more);
}

http::Response failure_answer(const mux::Answer& answer) {
  const int status = status_of(answer.outcome).rest;
  std::string more;
  if (status == 429 && answer.retry_after)
    more = fmt::format(R"(,"retryAfter":{})", answer.retry_after->count());
  http::Response response = json_answer(failure_text(answer.message, more), status);
  if (status == 401) response.fields.push_back({"WWW-Authenticate", "Bearer"});
  if (answer.retry_after)
    response.fields.push_back({"Retry-After", std::to_string(answer.retry_after->count())});
  return response;
}

mux::Answer own_failure(std::string_view message) {
  return mux::make_failure(mux::Outcome::kInternal, "1", mcp::code::kInternalError, message);
}

std::optional<http::Response> refused_form(const http::Request& request) {
  const std::string_view type = request.header("Content-Type");
  const std::string_view body = request.body;
  const std::size_t begin = body.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::nullopt;
  const bool fields = http::is_type(type, "application/x-www-form-urlencoded") &&
                      std::string_view("{[\"").find(body[begin]) == std::string_view::npos &&
                      body.find('=') != std::string_view::npos;
  if (!fields && !http::is_type(type, "multipart/form-data")) return std::nullopt;
  return json_answer(failure_text("This is a form: send JSON, with Content-Type: application/json"),
                     415);
}

http::Response tagged(const http::Request& request, std::string_view digest,
                      const std::function<std::string()>& body) {
  const std::string tag = fmt::format(R"("{}")", digest);
  http::Response response = http::names_tag(request.list_header("If-None-Match"), tag)
                                ? http::Response{.status = 304}
                                : json_answer(body());
  response.fields.push_back({"ETag", tag});
  response.fields.push_back({"Cache-Control", "no-cache"});  // clients revalidate each time
  return response;
}

}  // namespace sidecar::endpoints
