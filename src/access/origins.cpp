#include "access/origins.hpp"

#include <algorithm>

#include "access/address.hpp"
#include "config/text.hpp"

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

// `pattern`: a name, or *.domain for all names below it.
bool fits(std::string_view pattern, std::string_view name) {
  if (!pattern.starts_with("*.")) return name == pattern;
  pattern.remove_prefix(1);
  return name.size() > pattern.size() && name.ends_with(pattern);
}

// Whether the origin is "scheme://host", with the host as the client named us.
bool is_origin_of(std::string_view origin, std::string_view host) {
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && config::lower_case(origin.substr(scheme + 3)) == host;
}

// For a page of `origin`, or of any with "*".
Fields fields_for(std::string origin) {
  Fields fields;
  if (origin != "*") fields.push_back({"Vary", "Origin"});
  fields.push_back({"Access-Control-Allow-Origin", std::move(origin)});
  fields.push_back({"Access-Control-Expose-Headers", std::string(kExposeHeaders)});
  return fields;
}

}  // namespace

Origins::Origins(const std::vector<std::string>& allowed, bool checks_hosts,
                 const std::vector<std::string>& hosts)
    : any_(std::find(allowed.begin(), allowed.end(), "*") != allowed.end()), checks_hosts_(checks_hosts) {
  for (const std::string& origin : allowed) {
    if (!any_) allowed_.push_back({origin, std::make_shared<const Fields>(fields_for(origin))});
  }
  others_fields_ = std::make_shared<const Fields>(any_ ? fields_for("*") : Fields{{"Vary", "Origin"}});
  for (const std::string& host : hosts) {
    if (host == "*")
      any_host_ = true;
    else
      hosts_.push_back(config::lower_case(without_port(host)));
  }
}

const Origins::Allowed* Origins::find(std::string_view origin) const {
  const auto found = std::find_if(allowed_.begin(), allowed_.end(),
                                  [origin](const Allowed& each) { return each.origin == origin; });
  return found == allowed_.end() ? nullptr : &*found;
}

bool Origins::ours(std::string_view name) const {
  return name == "localhost" || is_loopback(name) ||
         std::any_of(hosts_.begin(), hosts_.end(),
                     [name](const std::string& pattern) { return fits(pattern, name); });
}

bool Origins::lets_in(std::string_view origin, std::string_view host) const {
  if (origin.empty()) return true;
  const std::string named = config::lower_case(host);
  const bool our_name = ours(without_port(named));
  if (checks_hosts_ && !our_name && !any_host_) return false;
  return any_ || find(origin) != nullptr || (our_name && is_origin_of(origin, named));
}

bool Origins::is_own(std::string_view origin, std::string_view host) const {
  const std::string named = config::lower_case(host);
  if (!named.empty() && !ours(without_port(named))) return false;
  return origin.empty() || is_origin_of(origin, named);
}

const std::shared_ptr<const Fields>& Origins::reply_fields(std::string_view origin) const {
  const Allowed* allowed = find(origin);
  return allowed == nullptr ? others_fields_ : allowed->reply_fields;
}

Fields Origins::preflight_fields() {
  return {{"Access-Control-Allow-Methods", std::string(kAllowMethods)},
          {"Access-Control-Allow-Headers", std::string(kAllowHeaders)},
          {"Access-Control-Max-Age", std::string(kMaxAge)}};
}

}  // namespace sidecar::access
