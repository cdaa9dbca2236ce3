#include "http/message.hpp"

#include <boost/beast/http/status.hpp>
#include <nlohmann/json.hpp>

#include "http/percent.hpp"

namespace sidecar::http {

std::string_view Head::header(std::string_view name) const {
  return fields.find(name).value_or(std::string_view());
}

std::string Head::list_header(std::string_view name) const {
  std::string list;
  fields.for_each(name, [&list](std::string_view value) {
    list.append(list.empty() ? "" : ", ").append(value);
  });
  return list;
}

std::optional<std::string> Head::query_value(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::string_view key = pair.substr(0, pair.find('='));
    const std::string_view value =
        key.size() < pair.size() ? pair.substr(key.size() + 1) : std::string_view();
    if (key != name && percent_decoded(key, Plus::kSpace) != name) continue;
    // A value with a malformed escape is returned undecoded, so that it matches no id and no key.
    auto decoded = percent_decoded(value, Plus::kSpace);
    return decoded ? std::move(decoded) : std::string(value);
  }
  return std::nullopt;
}

Response error_response(int status, std::string_view message,
                        std::optional<std::chrono::seconds> retry_after, std::string_view budget) {
  const boost::beast::string_view reason = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  nlohmann::ordered_json body;
  body["error"] = std::string(reason.data(), reason.size());
  body["message"] = message;
  Response response;
  if (!budget.empty()) body["budget"] = budget;
  if (retry_after) {
    body["retryAfter"] = retry_after->count();
    response.fields.push_back({"Retry-After", std::to_string(retry_after->count())});
  }
  response.status = status;
  response.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return response;
}

Response no_endpoint_here() { return error_response(404, "no endpoint at this path"); }

}  // namespace sidecar::http
