#include "access/gate.hpp"

#include <algorithm>
#include <cctype>

namespace sidecar::access {
namespace {

constexpr std::string_view kAllowMethods = "GET, POST, DELETE, OPTIONS";
constexpr std::string_view kAllowHeaders =
    "Content-Type, Authorization, X-Requested-With, Accept, Origin, Cache-Control, X-MCP-Session-Id, "
    "X-API-Key, "
    "Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, Mcp-Method, Mcp-Name";
constexpr std::string_view kExposeHeaders =
    "Content-Type, Cache-Control, X-MCP-Session-Id, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, "
    "Mcp-Method, "
    "Mcp-Name, WWW-Authenticate, Retry-After";
constexpr std::string_view kMaxAge = "86400";
constexpr std::string_view kBearer = "bearer ";

// RFC 6750: `Authorization: Bearer KEY`; the wrapper's clients also send the bare key.
std::string_view secret_of(std::string_view authorization) {
  const bool bearer = authorization.size() >= kBearer.size() &&
                      std::equal(kBearer.begin(), kBearer.end(), authorization.begin(), [](char a, char b) {
                        return a == std::tolower(static_cast<unsigned char>(b));
                      });
  if (bearer) authorization.remove_prefix(kBearer.size());
  while (!authorization.empty() && authorization.front() == ' ') authorization.remove_prefix(1);
  return authorization;
}

}  // namespace

Gate::Gate(const std::vector<config::Key>& keys, std::vector<std::string> cors_origins,
           AddressSet trusted_proxies, observe::Log& log, observe::Metrics& metrics)
    : keys_(keys),
      cors_origins_(std::move(cors_origins)),
      any_origin_(std::find(cors_origins_.begin(), cors_origins_.end(), "*") != cors_origins_.end()),
      trusted_proxies_(std::move(trusted_proxies)),
      log_(log),
      metrics_(metrics) {}

Decision Gate::judge(const Knock& knock) const {
  Decision decision;
  decision.reply_fields = cors_fields(knock.header("Origin"));
  auto caller = std::make_shared<observe::Caller>();
  caller->address = effective_address(knock.peer_address, knock.header("X-Forwarded-For"),
                                      knock.header("X-Real-IP"), trusted_proxies_);
  caller->loopback = is_loopback(caller->address);
  decision.caller = caller;

  if (knock.method == "OPTIONS") {
    decision.answer = Refusal{204,
                              {},
                              {{"Access-Control-Allow-Methods", std::string(kAllowMethods)},
                               {"Access-Control-Allow-Headers", std::string(kAllowHeaders)},
                               {"Access-Control-Max-Age", std::string(kMaxAge)}}};
    return decision;
  }
  if (keys_.empty()) return decision;

  const std::string_view api_key = knock.header("X-API-Key");
  const std::string_view secret = api_key.empty() ? secret_of(knock.header("Authorization")) : api_key;
  if (const std::string* name = secret.empty() ? nullptr : keys_.find(secret)) {
    caller->owner = *name;
    caller->has_key = true;
    return decision;
  }
  if (knock.path == "/health") return decision;

  log_.warn("authentication failed", {{"address", caller->address},
                                      {"method", knock.method},
                                      {"path", knock.path},
                                      {"key", secret.empty() ? "none" : "wrong"}});
  metrics_.refused(secret.empty() ? "no_key" : "wrong_key").Increment();
  // Clients of both predecessors find the text that they know.
  decision.answer = Refusal{
      401, api_key.empty() ? "Valid API key required" : "Invalid API key", {{"WWW-Authenticate", "Bearer"}}};
  return decision;
}

// Never together with credentials: keys travel in fields that a page sets itself.
HeaderFields Gate::cors_fields(std::string_view origin) const {
  HeaderFields fields;
  if (any_origin_) {
    fields.emplace_back("Access-Control-Allow-Origin", "*");
  } else {
    fields.emplace_back("Vary", "Origin");
    if (std::find(cors_origins_.begin(), cors_origins_.end(), origin) == cors_origins_.end()) return fields;
    fields.emplace_back("Access-Control-Allow-Origin", std::string(origin));
  }
  fields.emplace_back("Access-Control-Expose-Headers", std::string(kExposeHeaders));
  return fields;
}

}  // namespace sidecar::access
