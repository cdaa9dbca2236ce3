#include "access/gate.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

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

std::chrono::seconds whole_seconds(Clock::duration time) {
  return std::chrono::ceil<std::chrono::seconds>(time);
}

HeaderFields fields_of(const Budget& budget) {
  return {{"X-RateLimit-Limit", std::to_string(budget.limit)},
          {"X-RateLimit-Remaining", std::to_string(budget.remaining)},
          {"X-RateLimit-Reset", std::to_string(whole_seconds(budget.reset).count())}};
}

Refusal over_rate(const Budget& budget) {
  return {429, "Rate limit exceeded", {}, std::max(whole_seconds(budget.wait), std::chrono::seconds(1))};
}

void append(HeaderFields& fields, HeaderFields more) {
  std::move(more.begin(), more.end(), std::back_inserter(fields));
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

Gate::Gate(KeyRules keys, config::Permissions everybody, Origins origins, Networks networks,
           RateLimits& rates, observe::ThinnedLog& log, observe::Metrics& metrics)
    : keys_(std::move(keys.keys)),
      needs_key_(keys.needed),
      everybody_(std::make_shared<config::Permissions>(std::move(everybody))),
      origins_(std::move(origins)),
      networks_(std::move(networks)),
      rates_(rates),
      log_(log),
      metrics_(metrics) {}

ClientAddress Gate::address_of(const Knock& knock) const {
  const std::string forwarded_for = knock.list("X-Forwarded-For");
  const std::string forwarded = knock.list("Forwarded");
  const std::string real_ip = knock.list("X-Real-IP");
  ClientAddress client =
      client_address(knock.peer_address, {forwarded_for, forwarded, real_ip}, networks_.trusted_proxies);
  if (!client.unsaid) return client;
  if (const auto session = knock.session()) client.text = session->address;
  return client;
}

// Whoever stays hidden behind a proxy is on no list; that the proxy itself may be says nothing of its
// clients.
bool Gate::allows(const ClientAddress& client) const {
  if (networks_.allowed.everything()) return true;
  return !client.hidden && networks_.allowed.contains(std::string_view(client.text));
}

Decision Gate::judge(const Knock& knock) {
  Decision decision;
  decision.reply_fields = origins_.reply_fields(knock.header("Origin"));
  auto caller = std::make_shared<observe::Caller>();
  const ClientAddress client = address_of(knock);
  caller->address = client.text;
  caller->loopback = !client.hidden && is_loopback(client.text);
  if (everybody_->restricts()) caller->permissions.push_back(everybody_);
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
  if (!health) check_origin(knock, decision);
  if (!decision.answer) check_key(knock, !health, *caller, decision);
  if (!decision.answer && !health) charge(knock, decision);
  return decision;
}

void Gate::check_origin(const Knock& knock, Decision& decision) const {
  const std::string_view origin = knock.header("Origin");
  if (origins_.lets_in(origin, knock.header("Host"))) return;
  log_.warn("origin refused",
            {{"address", decision.caller->address}, {"origin", origin}, {"host", knock.header("Host")}});
  metrics_.refused("origin").Increment();
  decision.answer = Refusal{403, "Origin not allowed", {}};
}

void Gate::check_key(const Knock& knock, bool needed, observe::Caller& caller, Decision& decision) {
  if (!needs_key_) {
    caller.admin = is_direct_and_local(knock);
    return;
  }
  const std::string_view secret = secret_of(knock);
  const StoredKey* key = secret.empty() ? nullptr : keys_.find(secret);
  const bool expired = key != nullptr && key->expired(std::chrono::system_clock::now());
  if (key != nullptr && !expired) {
    caller.owner = key->name;
    caller.has_key = caller.by_stored_key = true;
    caller.admin = key->permissions->admin;
    if (key->permissions->restricts()) caller.permissions.push_back(key->permissions);
    return;
  }
  if (secret.empty() && !needed) return;
  const auto over = secret.empty() ? std::nullopt : rates_.wrong_key(caller.address);
  const std::string_view what = secret.empty() ? "no_key" : expired ? "expired_key" : "wrong_key";
  log_.warn("authentication failed", {{"address", caller.address},
                                      {"method", knock.method},
                                      {"path", knock.path},
                                      {"reason", what},
                                      {"key", expired ? std::string_view(key->name) : ""},
                                      {"over_limit", over.has_value()}});
  metrics_.refused(over ? "rate_wrong_keys" : what).Increment();
  if (!needed) return;
  if (over) {
    append(decision.reply_fields, fields_of(*over));
    decision.answer = over_rate(*over);
    return;
  }
  // Clients of both predecessors find the text that they know.
  const bool by_field = !knock.header("X-API-Key").empty();
  decision.answer =
      Refusal{401, by_field ? "Invalid API key" : "Valid API key required", {{"WWW-Authenticate", "Bearer"}}};
}

void Gate::charge(const Knock& knock, Decision& decision) {
  if (!rates_.on()) return;
  const observe::Caller& caller = *decision.caller;
  Payer payer{{}, caller.owner, caller.address};
  if (const auto session = knock.session(); session && session->owner == caller.owner)
    payer.session = session->id;
  const auto line = rates_.charge(payer);
  if (!line) return;
  append(decision.reply_fields, fields_of(line->budget));
  if (line->passed) return;
  log_.warn("rate limit reached", {{"limit", line->scope},
                                   {"address", caller.address},
                                   {"key", caller.owner},
                                   {"method", knock.method},
                                   {"path", knock.path}});
  metrics_.refused("rate_" + std::string(line->scope)).Increment();
  decision.answer = over_rate(line->budget);
}

}  // namespace sidecar::access
