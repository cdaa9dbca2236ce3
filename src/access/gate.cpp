#include "access/gate.hpp"

#include <algorithm>
#include <cctype>

namespace sidecar::access {
namespace {

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

Gate::Gate(const std::vector<config::Key>& keys, Origins origins, AddressSet trusted_proxies,
           observe::Log& log, observe::Metrics& metrics)
    : keys_(keys),
      origins_(std::move(origins)),
      trusted_proxies_(std::move(trusted_proxies)),
      log_(log),
      metrics_(metrics) {}

Decision Gate::judge(const Knock& knock) const {
  const std::string_view origin = knock.header("Origin");
  Decision decision;
  decision.reply_fields = origins_.reply_fields(origin);
  auto caller = std::make_shared<observe::Caller>();
  caller->address = effective_address(knock.peer_address, knock.header("X-Forwarded-For"),
                                      knock.header("X-Real-IP"), trusted_proxies_);
  caller->loopback = is_loopback(caller->address);
  decision.caller = caller;

  if (knock.method == "OPTIONS") {
    decision.answer = Refusal{204, {}, Origins::preflight_fields()};
    return decision;
  }
  const bool health = knock.path == "/health" || knock.path == "/ready";
  if (!health && !origins_.lets_in(origin, knock.header("Host"))) {
    log_.warn("origin refused",
              {{"address", caller->address}, {"origin", origin}, {"host", knock.header("Host")}});
    metrics_.refused("origin").Increment();
    decision.answer = Refusal{403, "Origin not allowed", {}};
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
  if (health) return decision;

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

}  // namespace sidecar::access
