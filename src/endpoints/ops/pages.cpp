#include "endpoints/ops/pages.hpp"

#include <fmt/format.h>
#include <stdexcept>

#include "http/content_coding.hpp"
#include "http/content_negotiation.hpp"

namespace sidecar::endpoints {
namespace {

constexpr std::string_view kNotBuilt =
    "this mcp-sidecar was built without its pages: install Node.js 18.19 or newer with npm, and "
    "configure with cmake -DSIDECAR_PAGES=ON";

std::string inflated(const EmbeddedPage& file) {
  auto text = http::inflated(file.gzipped, file.size);
  if (!text || text->size() != file.size)
    throw std::runtime_error(fmt::format("the embedded {} cannot be inflated", file.path));
  return std::move(*text);
}

}  // namespace

Pages::Pages(std::span<const EmbeddedPage> files) {
  for (const EmbeddedPage& file : files) pages_.try_emplace(file.path, Page{file});
}

const Fields& Pages::fields() {
  static const Fields kFields = {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
       "media-src data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
       "form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Permissions-Policy",
       "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
       "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"}};
  return kFields;
}

std::vector<http::Route> Pages::routes() {
  const auto handler = [this](http::Exchange exchange) { serve(std::move(exchange)); };
  constexpr RouteRules kRules{.access = Access::kPublic};
  return {{"GET", "/", "dashboard", kRules, handler, false, &fields()},
          {"GET", "/docs", "docs", kRules, handler, false, &fields()},
          {"GET", "/assets/*", "assets", kRules, handler, false, &fields()}};
}

void Pages::serve(http::Exchange exchange) {
  const http::Request& request = exchange.request();
  if (pages_.empty()) return exchange.reply(http::error_response(404, kNotBuilt));
  const auto found = pages_.find(request.path);
  if (found == pages_.end())
    return exchange.reply(http::error_response(404, "there is no such file"));
  auto& [file, text] = found->second;

  const bool gzipped = http::accepts_coding(request, "gzip");
  // Other clients get MCP at the path of the first page (Route::events_only).
  const bool negotiated = file.path == "/";
  const bool asset = file.path.starts_with("/assets/");
  // Each coding of a file has a tag of its own (RFC 9110, section 8.8.3.3).
  const std::string tag = fmt::format("\"{}{}\"", file.tag, gzipped ? "-gzip" : "");
  http::Response response;
  response.fields = {{"ETag", tag},
                     {"Vary", negotiated ? "Accept, Accept-Encoding" : "Accept-Encoding"},
                     {"Cache-Control", asset ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (http::names_tag(request.list_header("If-None-Match"), tag)) {
    response.status = 304;
    return exchange.reply(std::move(response));
  }
  response.content_type = file.content_type;
  if (gzipped) {
    response.fields.push_back({"Content-Encoding", "gzip"});
    response.lasting_body = file.gzipped;
  } else {
    if (text.empty()) text = inflated(file);
    response.lasting_body = text;
  }
  exchange.reply(std::move(response));
}

}  // namespace sidecar::endpoints
