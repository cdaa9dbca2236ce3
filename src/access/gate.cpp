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

Gate::Gate(const std::vector<config::Key>& keys, Origins origins, Networks networks, observe::Log& log,
           observe::Metrics& metrics)
    : keys_(keys),
      origins_(std::move(origins)),
      networks_(std::move(networks)),
      log_(log),
      metrics_(metrics) {}

ClientAddress Gate::address_of(const Knock& knock) const {
  const std::string forwarded_for = knock.list("X-Forwarded-For");
  const std::string forwarded = knock.list("Forwarded");
  const std::string real_ip = knock.list("X-Real-IP");
  return client_address(knock.peer_address, {forwarded_for, forwarded, real_ip}, networks_.trusted_proxies);
}

// Whoever stays hidden behind a proxy is on no list; that the proxy itself may be says nothing of its
// clients.
bool Gate::allows(const ClientAddress& client) const {
  if (networks_.allowed.everything()) return true;
  return !client.hidden && networks_.allowed.contains(std::string_view(client.text));
}

Decision Gate::judge(const Knock& knock) const {
  const std::string_view origin = knock.header("Origin");
  Decision decision;
  decision.reply_fields = origins_.reply_fields(origin);
  auto caller = std::make_shared<observe::Caller>();
  const ClientAddress client = address_of(knock);
  caller->address = client.text;
  caller->loopback = !client.hidden && is_loopback(client.text);
  decision.caller = caller;

  const bool own_health_check = knock.path == "/health" && caller->loopback;
  if (!own_health_check && !allows(client)) {
    log_.warn("address refused", {{"address", client.text},
                                  {"hidden", client.hidden},
                                  {"method", knock.method},
                                  {"path", knock.path}});
    metrics_.refused("address").Increment();
    decision.answer = Refusal{403, "IP not allowed", {}};
    return decision;
  }
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
