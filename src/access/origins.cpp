#include "access/origins.hpp"

#include <algorithm>

#include "access/address.hpp"

namespace sidecar::access {
namespace {

constexpr std::string_view kAllowMethods = "GET, POST, DELETE, OPTIONS";
constexpr std::string_view kAllowHeaders =
    "Content-Type, Authorization, X-Requested-With, Accept, Origin, Cache-Control, X-MCP-Session-Id, "
    "X-API-Key, "
    "Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, Mcp-Method, Mcp-Name, If-None-Match";
constexpr std::string_view kExposeHeaders =
    "Content-Type, Cache-Control, X-MCP-Session-Id, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, "
    "Mcp-Method, "
    "Mcp-Name, WWW-Authenticate, Retry-After, ETag, X-RateLimit-Limit, X-RateLimit-Remaining, "
    "X-RateLimit-Reset";
constexpr std::string_view kMaxAge = "86400";

// "localhost:3001" → "localhost", "[::1]:3001" → "::1"
std::string_view without_port(std::string_view host) {
  if (!host.empty() && host.front() == '[') return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.rfind(':'));
}

}  // namespace

Origins::Origins(std::vector<std::string> allowed, bool bound_to_loopback,
                 const std::vector<std::string>& hosts)
    : allowed_(std::move(allowed)),
      any_(std::find(allowed_.begin(), allowed_.end(), "*") != allowed_.end()),
      bound_to_loopback_(bound_to_loopback) {
  for (const std::string& host : hosts) hosts_.emplace_back(without_port(host));
}

bool Origins::listed(std::string_view origin) const {
  return std::find(allowed_.begin(), allowed_.end(), origin) != allowed_.end();
}

bool Origins::lets_in(std::string_view origin, std::string_view host) const {
  if (origin.empty()) return true;
  const std::string_view name = without_port(host);
  const bool own_name = name == "localhost" || is_loopback(name) ||
                        std::find(hosts_.begin(), hosts_.end(), name) != hosts_.end();
  if (bound_to_loopback_ && !own_name) return false;
  return any_ || listed(origin);
}

HeaderFields Origins::reply_fields(std::string_view origin) const {
  HeaderFields fields;
  if (any_) {
    fields.emplace_back("Access-Control-Allow-Origin", "*");
  } else {
    fields.emplace_back("Vary", "Origin");
    if (!listed(origin)) return fields;
    fields.emplace_back("Access-Control-Allow-Origin", std::string(origin));
  }
  fields.emplace_back("Access-Control-Expose-Headers", std::string(kExposeHeaders));
  return fields;
}

HeaderFields Origins::preflight_fields() {
  return {{"Access-Control-Allow-Methods", std::string(kAllowMethods)},
          {"Access-Control-Allow-Headers", std::string(kAllowHeaders)},
          {"Access-Control-Max-Age", std::string(kMaxAge)}};
}

}  // namespace sidecar::access
