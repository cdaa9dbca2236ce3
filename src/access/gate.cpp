#include "access/gate.hpp"

#include <algorithm>
#include <cctype>

namespace sidecar::access {
namespace {

constexpr std::string_view kBearer = "bearer ";

// RFC 6750: `Authorization: Bearer KEY`; the wrapper's clients also send the bare key.
std::string_view bearer_of(std::string_view authorization) {
  const bool bearer = authorization.size() >= kBearer.size() &&
                      std::equal(kBearer.begin(), kBearer.end(), authorization.begin(), [](char a, char b) {
                        return a == std::tolower(static_cast<unsigned char>(b));
                      });
  if (bearer) authorization.remove_prefix(kBearer.size());
  while (!authorization.empty() && authorization.front() == ' ') authorization.remove_prefix(1);
  return authorization;
}

// RFC 6750, section 2.
std::string_view secret_of(const Knock& knock) {
  if (const std::string_view key = knock.header("X-API-Key"); !key.empty()) return key;
  const std::string_view key = bearer_of(knock.header("Authorization"));
  return key.empty() ? std::string_view(knock.url_key) : key;
}

// A program of this machine that no proxy stands before: a page in a browser names its origin.
bool is_direct_and_local(const Knock& knock) {
  static constexpr std::string_view kOfOthers[] = {"Origin", "Forwarded", "X-Forwarded-For", "X-Real-IP",
                                                   "Via"};
  return is_loopback(knock.peer_address) &&
         std::all_of(std::begin(kOfOthers), std::end(kOfOthers),
                     [&knock](std::string_view name) { return knock.header(name).empty(); });
}

}  // namespace

Gate::Gate(KeyRules keys, config::Permissions everybody, Origins origins, AddressSet trusted_proxies,
           observe::Log& log, observe::Metrics& metrics)
    : keys_(std::move(keys.keys)),
      needs_key_(keys.needed),
      everybody_(std::make_shared<config::Permissions>(std::move(everybody))),
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
  if (everybody_->restricts()) caller->permissions.push_back(everybody_);
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
  if (!needs_key_) {
    caller->admin = is_direct_and_local(knock);
    return decision;
  }

  const std::string_view secret = secret_of(knock);
  const StoredKey* key = secret.empty() ? nullptr : keys_.find(secret);
  const bool expired = key != nullptr && key->expired(std::chrono::system_clock::now());
  if (key != nullptr && !expired) {
    caller->owner = key->name;
    caller->has_key = caller->by_stored_key = true;
    caller->admin = key->permissions->admin;
    if (key->permissions->restricts()) caller->permissions.push_back(key->permissions);
    return decision;
  }
  if (health) return decision;

  const std::string_view what = secret.empty() ? "no_key" : expired ? "expired_key" : "wrong_key";
  log_.warn("authentication failed", {{"address", caller->address},
                                      {"method", knock.method},
                                      {"path", knock.path},
                                      {"reason", what},
                                      {"key", expired ? std::string_view(key->name) : ""}});
  metrics_.refused(what).Increment();
  // Clients of both predecessors find the text that they know.
  const bool by_field = !knock.header("X-API-Key").empty();
  decision.answer =
      Refusal{401, by_field ? "Invalid API key" : "Valid API key required", {{"WWW-Authenticate", "Bearer"}}};
  return decision;
}

}  // namespace sidecar::access
