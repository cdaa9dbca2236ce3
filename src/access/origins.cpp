#include "access/origins.hpp"

#include <algorithm>

#include "access/urls.hpp"
#include "config/text.hpp"

namespace sidecar::access {
namespace {

constexpr std::string_view kAllowMethods = "GET, POST, DELETE, OPTIONS";
constexpr std::string_view kAllowHeaders =
    "Content-Type, Authorization, X-Requested-With, Accept, Origin, Cache-Control, "
    "X-MCP-Session-Id, "
    "X-API-Key, "
    "Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, Mcp-Method, Mcp-Name, If-None-Match";
constexpr std::string_view kExposeHeaders =
    "Content-Type, Cache-Control, X-MCP-Session-Id, Mcp-Session-Id, MCP-Protocol-Version, "
    "Last-Event-ID, "
    "Mcp-Method, "
    "Mcp-Name, WWW-Authenticate, Retry-After, ETag, X-RateLimit-Limit, X-RateLimit-Remaining, "
    "X-RateLimit-Reset";
constexpr std::string_view kMaxAge = "86400";

// `pattern`: a name, or *.domain for all names below the domain.
bool fits(std::string_view pattern, std::string_view name) {
  if (!pattern.starts_with("*.")) return name == pattern;
  pattern.remove_prefix(1);
  return name.size() > pattern.size() && name.ends_with(pattern);
}

// "http://localhost:5173" → "localhost:5173"; empty for other schemes and for "null".
std::string_view authority_of(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return origin.substr(scheme.size());
  }
  return {};
}

// True if the origin is http(s)://`host`. `host`: the Host field.
bool is_origin_of(std::string_view origin, std::string_view host) {
  return !host.empty() && config::lower_case(authority_of(origin)) == config::lower_case(host);
}

bool is_local(std::string_view origin) {
  const auto host = host_name(authority_of(origin));
  return host && host->loopback;
}

// A simple request, which a browser sends without a preflight, cannot have this type (Fetch,
// CORS-safelisted request-header).
bool is_json(std::string_view content_type) {
  return config::lower_case(config::trimmed(content_type.substr(0, content_type.find(';')))) ==
         "application/json";
}

constexpr OriginRefusal kOrigin{
    403, "origin", "MCP_CORS_ORIGINS",
    "Origin not allowed: MCP_CORS_ORIGINS names the web pages that may call"};
constexpr OriginRefusal kHost{
    403, "host", "MCP_ALLOWED_HOSTS",
    "Host not allowed: name it in MCP_ALLOWED_HOSTS or MCP_PUBLIC_URL, or configure a key"};
constexpr OriginRefusal kContentType{
    415, "content_type", "",
    "A web page may only post Content-Type: application/json while no key is configured"};

// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool names(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::string_view each = list.substr(0, list.find(','));
    list.remove_prefix(std::min(each.size() + 1, list.size()));
    if (config::trimmed(each) == name) return true;
  }
  return false;
}

// ", x-one, x-two": the names of `asked` that kAllowHeaders does not have, within the limits.
std::string further_names(std::string_view asked) {
  static const std::string listed = config::lower_case(kAllowHeaders);
  std::string further;
  std::size_t left = Origins::kMaxAsked;
  std::size_t bytes = Origins::kMaxAskedBytes;
  while (!asked.empty() && left > 0) {
    const std::string_view each = asked.substr(0, asked.find(','));
    asked.remove_prefix(std::min(each.size() + 1, asked.size()));
    const std::string name = config::lower_case(config::trimmed(each));
    if (name.size() > bytes || !is_token(name) || names(listed, name) || names(further, name))
      continue;
    further.append(", ").append(name);
    bytes -= name.size();
    --left;
  }
  return further;
}

// CORS fields for pages of `origin`; "*" stands for all.
Fields fields_for(std::string origin) {
  Fields fields;
  if (origin != "*") fields.push_back({"Vary", "Origin"});
  fields.push_back({"Access-Control-Allow-Origin", std::move(origin)});
  fields.push_back({"Access-Control-Expose-Headers", std::string(kExposeHeaders)});
  return fields;
}

}  // namespace

Origins::Origins(const OriginRules& rules)
    : any_(std::find(rules.allowed.begin(), rules.allowed.end(), "*") != rules.allowed.end()),
      local_pages_(rules.local_pages),
      host_check_(rules.host_check),
      open_(rules.open) {
  for (const std::string& origin : rules.allowed) {
    if (!any_) allowed_.push_back({origin, std::make_shared<const Fields>(fields_for(origin))});
  }
  others_fields_ =
      std::make_shared<const Fields>(any_ ? fields_for("*") : Fields{{"Vary", "Origin"}});
  for (const std::string& host : rules.hosts) {
    const bool below = host.starts_with("*.");
    if (host == "*")
      any_host_ = true;
    else if (const auto name = host_name(std::string_view(host).substr(below ? 2 : 0)))
      hosts_.push_back((below ? "*." : "") + name->text);
  }
}

const Origins::Allowed* Origins::find(std::string_view origin) const {
  const auto found = std::find_if(allowed_.begin(), allowed_.end(),
                                  [origin](const Allowed& each) { return each.origin == origin; });
  return found == allowed_.end() ? nullptr : &*found;
}

bool Origins::ours(std::string_view host) const {
  if (!host.empty() && host == last_ours_) return true;
  const auto name = host_name(host);
  if (!name) return false;
  const bool fitting =
      name->address || name->loopback ||
      std::any_of(hosts_.begin(), hosts_.end(),
                  [&name](const std::string& pattern) { return fits(pattern, name->text); });
  if (fitting) last_ours_ = host;
  return fitting;
}

bool Origins::lists(std::string_view origin) const {
  return any_ || find(origin) != nullptr || (local_pages_ && is_local(origin));
}

bool Origins::lets_in(std::string_view origin, std::string_view host, bool our_host) const {
  return lists(origin) || (our_host && is_origin_of(origin, host));
}

const OriginRefusal* Origins::refusal(bool posts, std::string_view origin,
                                      const Header& header) const {
  const bool page = !origin.empty();
  if (!page && !open_) return nullptr;
  const std::string_view host = header("Host");
  // Every browser sends a Host, so a request without one does not come from a page.
  const bool checked =
      page ? host_check_ != HostCheck::kNone : host_check_ == HostCheck::kAll && !host.empty();
  const bool our_host = (page || checked) && ours(host);
  if (checked && !our_host && !any_host_) return &kHost;
  if (page && !lets_in(origin, host, our_host)) return &kOrigin;
  if (!open_) return nullptr;
  if (page) return posts && !is_json(header("Content-Type")) ? &kContentType : nullptr;
  // Fetch Metadata: a page of another site loads this as a subresource. Following a link is
  // allowed.
  const bool loads =
      header("Sec-Fetch-Site") == "cross-site" && header("Sec-Fetch-Mode") != "navigate";
  return loads && !any_ ? &kOrigin : nullptr;
}

bool Origins::is_own(std::string_view origin, std::string_view host) const {
  if (!host.empty() && !ours(host)) return false;
  return origin.empty() || is_origin_of(origin, host);
}

std::shared_ptr<const Fields> Origins::reply_fields(std::string_view origin) const {
  if (const Allowed* allowed = find(origin)) return allowed->reply_fields;
  if (!any_ && local_pages_ && is_local(origin))
    return std::make_shared<const Fields>(fields_for(std::string(origin)));
  return others_fields_;
}

Fields Origins::preflight_fields(std::string_view origin, std::string_view asked) const {
  Fields fields = {{"Access-Control-Allow-Methods", std::string(kAllowMethods)},
                   {"Access-Control-Allow-Headers", std::string(kAllowHeaders)},
                   {"Access-Control-Max-Age", std::string(kMaxAge)}};
  if (origin.empty() || !lists(origin)) return fields;
  fields[1].value += further_names(asked);
  fields.push_back({"Vary", "Access-Control-Request-Headers"});
  return fields;
}

}  // namespace sidecar::access
