#include "access/gate.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <openssl/crypto.h>

#include "access/credentials.hpp"
#include "access/urls.hpp"
#include "config/masked_urls.hpp"

namespace sidecar::access {
namespace {

constexpr std::chrono::seconds kJwksRetry{5};

std::chrono::seconds whole_seconds(Clock::duration time) {
  return std::chrono::ceil<std::chrono::seconds>(time);
}

Fields fields_of(const Budget& budget) {
  return {{"X-RateLimit-Limit", std::to_string(budget.limit)},
          {"X-RateLimit-Remaining", std::to_string(budget.remaining)},
          {"X-RateLimit-Reset", std::to_string(whole_seconds(budget.reset).count())}};
}

std::chrono::seconds retry_after(const Budget& budget) {
  return std::max(whole_seconds(budget.wait), std::chrono::seconds(1));
}

void append(Fields& fields, Fields more) {
  std::move(more.begin(), more.end(), std::back_inserter(fields));
}

constexpr std::string_view kWrongKeys = "wrong_keys";

void refuse_over(std::string_view name, const Budget& budget, Decision& decision) {
  append(decision.reply_fields.own, fields_of(budget));
  decision.answer = Refusal{429, "Rate limit exceeded", {}, retry_after(budget), name};
}

// Of a scope of RateLimits.
std::string_view setting_of(std::string_view scope) {
  if (scope == "key") return "MCP_RATE_LIMIT_PER_KEY";
  return scope == "address" ? "MCP_RATE_LIMIT_PER_IP" : "MCP_RATE_LIMIT_PER_MIN";
}

Credential credential_in(const GateRequest& request) {
  return credential_of(request.header, request.rules.vapi_secret, request.url_key);
}

// A token elsewhere is not read (RFC 6750, section 2; MCP 2025-11-25, Authorization).
bool is_token(const Credential& credential) {
  return credential.place == KeyPlace::kAuthorization &&
         AccessTokens::looks_like_one(credential.secret);
}

std::string_view reason_of(TokenFault::Kind kind) {
  switch (kind) {
    case TokenFault::Kind::kInvalid:
      return "wrong_token";
    case TokenFault::Kind::kExpired:
      return "expired_token";
    case TokenFault::Kind::kScope:
      return "token_scope";
    case TokenFault::Kind::kNoKeys:
      return "token_keys";
  }
  return "";
}

bool needs_no_key(Access access) { return access == Access::kProbe || access == Access::kPublic; }

bool is_for_few(Access access) { return access == Access::kMetrics || access == Access::kAdmin; }

}  // namespace

Gate::Gate(KeyRules keys, auth::Permissions everybody, Origins origins, Networks networks,
           RateLimits& rates, observe::RateLimitedLog& log, observe::Metrics& metrics)
    : keys_(std::move(keys.keys)),
      needs_key_(keys.needed),
      tokens_(keys.tokens),
      metadata_url_(std::move(keys.metadata_url)),
      start_token_(keys.start_token),
      open_admin_(keys.open_admin),
      everybody_(std::make_shared<auth::Permissions>(std::move(everybody))),
      origins_(std::move(origins)),
      networks_(std::move(networks)),
      rates_(rates),
      log_(log),
      metrics_(metrics) {}

ClientAddress Gate::address_of(const GateRequest& request) const {
  const std::string forwarded_for = request.list("X-Forwarded-For");
  const std::string forwarded = request.list("Forwarded");
  const std::string real_ip = request.list("X-Real-IP");
  ClientAddress client = client_address(request.peer_address, {forwarded_for, forwarded, real_ip},
                                        networks_.trusted_proxies);
  if (!client.unsaid) return client;
  if (const auto session = request.session()) {
    client.text = session->address;
    client.loopback = session->loopback;
  }
  return client;
}

// If a trusted proxy does not report the client's address, the request is refused, even if the
// proxy's own address is allowed.
bool Gate::allows(const ClientAddress& client) const {
  if (networks_.allowed.everything()) return true;
  return !client.hidden && networks_.allowed.contains(std::string_view(client.text));
}

// Excludes clients behind a proxy and foreign pages in a browser on this machine. A foreign page
// sends its Origin; if it only loads something, its browser sends Sec-Fetch-Site (Fetch Metadata);
// after DNS rebinding it sends its own name as Host.
bool Gate::is_this_machine(const GateRequest& request, const ClientAddress& client) const {
  static constexpr std::string_view kOfProxies[] = {"Forwarded", "X-Forwarded-For", "X-Real-IP",
                                                    "Via"};
  const std::string_view site = request.header("Sec-Fetch-Site");
  return client.peer_loopback &&
         std::all_of(std::begin(kOfProxies), std::end(kOfProxies),
                     [&request](std::string_view name) { return request.header(name).empty(); }) &&
         (site.empty() || site == "none" || site == "same-origin") &&
         origins_.is_own(request.header("Origin"), request.header("Host"));
}

bool Gate::administers(const auth::Principal& caller) const {
  if (!needs_key_) return caller.admin;
  if (!caller.has_key || !caller.admin) return false;
  const WallTime now = std::chrono::system_clock::now();
  return caller.by_stored_key ? keys_.has_admin(caller.owner, now)
                              : !caller.expires || *caller.expires > now;
}

std::shared_ptr<const auth::Principal> Gate::present(const auth::Principal& caller) const {
  auto now = std::make_shared<auth::Principal>(caller);
  now->permissions.clear();
  if (everybody_->restricts()) now->permissions.push_back(everybody_);
  if (caller.by_stored_key) {
    for (auto& each : keys_.permissions_of(caller.owner, caller.key_fingerprint,
                                           std::chrono::system_clock::now())) {
      if (each->restricts()) now->permissions.push_back(std::move(each));
    }
  } else if (caller.has_key && !caller.permissions.empty()) {
    now->permissions.push_back(caller.permissions.back());  // those of the token
  }
  return now;
}

bool Gate::holds(const auth::Principal& caller, WallTime now) const {
  if (!needs_key_) return true;
  if (!caller.has_key) return false;
  return caller.by_stored_key ? keys_.has_owner(caller.owner, now)
                              : !caller.expires || *caller.expires > now;
}

std::string Gate::url_of(const GateRequest& request) const {
  const std::string forwarded = request.list("Forwarded");
  const std::string proto = request.list("X-Forwarded-Proto");
  const std::string host = request.list("X-Forwarded-Host");
  const std::string port = request.list("X-Forwarded-Port");
  const std::string prefix = request.list("X-Forwarded-Prefix");
  return client_url({request.header("Host"), forwarded, proto, host, port, prefix},
                    networks_.trusted_proxies.contains(request.peer_address));
}

std::string Gate::prefix_of(const GateRequest& request) const {
  const std::string prefix = request.list("X-Forwarded-Prefix");
  return std::string(
      client_prefix(prefix, networks_.trusted_proxies.contains(request.peer_address)));
}

Decision Gate::judge(const GateRequest& request) {
  Decision decision;
  const std::string origin = request.list("Origin");
  decision.reply_fields.usual = origins_.reply_fields(origin);
  auto caller = std::make_shared<observe::Caller>();
  const ClientAddress client = address_of(request);
  caller->address = client.text;
  caller->trace =
      observe::TraceContext::from(request.header("traceparent"), request.header("tracestate"));
  caller->loopback = client.loopback;
  if (everybody_->restricts()) caller->permissions.push_back(everybody_);
  decision.caller = caller;

  const bool probe = request.rules.access == Access::kProbe;
  const bool own_probe = request.rules.loopback_allowed && caller->loopback;
  if (!own_probe && !allows(client)) {
    log_.warn("address refused", {{"address", client.text},
                                  {"hidden", client.hidden},
                                  {"method", request.method},
                                  {"path", request.path}});
    metrics_.refused("address").Increment();
    decision.answer = Refusal{403, "IP not allowed", {}};
    return decision;
  }
  if (request.method == "OPTIONS") {
    decision.answer = Refusal{
        204, {}, origins_.preflight_fields(origin, request.list("Access-Control-Request-Headers"))};
    return decision;
  }
  const bool reads_key = request.rules.reads_key;
  if (reads_key) check_once(request, decision);
  if (!decision.answer && !probe) check_origin(request, origin, decision);
  if (!decision.answer && reads_key) {
    if (needs_key_)
      check_key(request, !needs_no_key(request.rules.access), *caller, decision);
    else
      check_start_token(request, client, *caller, decision);
  }
  if (!decision.answer && !probe) charge(request, decision);
  if (!decision.answer) check_permission(request, decision);
  return decision;
}

void Gate::check_origin(const GateRequest& request, std::string_view origin,
                        Decision& decision) const {
  const bool posts = request.method == "POST" && !is_for_few(request.rules.access);
  const OriginRefusal* const refusal = origins_.refusal(posts, origin, request.header);
  if (refusal == nullptr) return;
  log_.warn("origin refused", {{"address", decision.caller->address},
                               {"reason", refusal->reason},
                               {"setting", refusal->setting},
                               {"origin", config::masked_url(origin)},
                               {"host", request.header("Host")}});
  metrics_.refused(std::string(refusal->reason)).Increment();
  decision.answer = Refusal{refusal->status, std::string(refusal->message), {}};
}

// A proxy in front may have checked the other one of two equal fields.
void Gate::check_once(const GateRequest& request, Decision& decision) const {
  for (const std::string_view name : {kAuthorizationField, kApiKeyField, kVapiSecretField}) {
    if (name == kVapiSecretField && !request.rules.vapi_secret) continue;
    if (!request.repeated(name)) continue;
    log_.warn("request refused",
              {{"address", decision.caller->address}, {"reason", "repeated_key"}, {"field", name}});
    metrics_.refused("repeated_key").Increment();
    decision.answer = Refusal{400, fmt::format("More than one {} field", name), {}};
    return;
  }
}

void Gate::check_key(const GateRequest& request, bool needed, auth::Principal& caller,
                     Decision& decision) {
  const Credential credential = credential_in(request);
  const std::string_view secret = credential.secret;
  const StoredKey* key = secret.empty() ? nullptr : keys_.find(secret);
  // A request that brings a credential is judged by that alone.
  if (credential.place == KeyPlace::kNowhere) key = key_of_session(request);
  const bool expired = key != nullptr && key->expired(std::chrono::system_clock::now());
  if (key != nullptr && !expired) {
    caller.owner = key->name;
    caller.has_key = caller.by_stored_key = true;
    caller.key_fingerprint = key->fingerprint();
    caller.admin = key->permissions->admin;
    caller.metrics = key->permissions->metrics;
    caller.by_url_key =
        credential.place == KeyPlace::kUrl || credential.place == KeyPlace::kNowhere;
    if (key->permissions->restricts()) caller.permissions.push_back(key->permissions);
    return;
  }
  if (key == nullptr && tokens_ != nullptr && is_token(credential))
    return check_token(request, secret, needed, caller, decision);
  if (secret.empty() && !needed) return;
  Failure failure{"no_key"};
  if (expired)
    failure = {"expired_key", key->name, {}, true};
  else if (!secret.empty())
    failure = {"wrong_key", {}, {}, true};
  const auto over = failed(request, caller, failure);
  if (!needed) return;
  if (over) return refuse_over(kWrongKeys, *over, decision);
  // The texts of both predecessors.
  const bool by_field = credential.place == KeyPlace::kApiKey;
  decision.answer =
      Refusal{401, by_field ? "Invalid API key" : "Valid API key required", challenge(request)};
}

const StoredKey* Gate::key_of_session(const GateRequest& request) const {
  if (!request.rules.session_as_key || request.method_not_allowed) return nullptr;
  const auto session = request.session();
  if (!session || !session->url_key) return nullptr;
  const StoredKey* const key = keys_.find(session->owner, *session->url_key);
  return key != nullptr && !key->expired(std::chrono::system_clock::now()) ? key : nullptr;
}

// No key is needed here, and a credential that does not match may be meant for another program. So
// it counts as a guess only on administrators' routes, which the start token opens.
void Gate::check_start_token(const GateRequest& request, const ClientAddress& client,
                             auth::Principal& caller, Decision& decision) {
  caller.admin = open_admin_ && is_this_machine(request, client);
  const auto [place, secret] = credential_in(request);
  // A token in the URL would end up in logs.
  if (caller.admin || secret.empty() || place == KeyPlace::kUrl || !start_token_) return;
  const KeyHash hash = hash_of(secret);
  caller.admin = CRYPTO_memcmp(hash.data(), start_token_->data(), hash.size()) == 0;
  if (caller.admin || !is_for_few(request.rules.access)) return;
  if (const auto over = failed(request, caller, {"wrong_key", {}, "start token", true}))
    return refuse_over(kWrongKeys, *over, decision);
  decision.answer = Refusal{401, "The start token is not valid", {{"WWW-Authenticate", "Bearer"}}};
}

void Gate::check_token(const GateRequest& request, std::string_view token, bool needed,
                       auth::Principal& caller, Decision& decision) {
  using Kind = TokenFault::Kind;
  const auto bearer = tokens_->check(token, std::chrono::system_clock::now());
  if (bearer) {
    const Bearer& known = **bearer;
    caller.owner = known.owner;
    caller.has_key = true;
    caller.admin = known.permissions->admin;
    caller.metrics = known.permissions->metrics;
    caller.expires = known.expires;
    caller.permissions.push_back(known.permissions);  // present() expects them last
    return;
  }
  const TokenFault& fault = bearer.error();
  const bool guess = fault.kind == Kind::kInvalid || fault.kind == Kind::kExpired;
  const auto over = failed(request, caller, {reason_of(fault.kind), {}, fault.why, guess});
  if (!needed) return;
  if (over) return refuse_over(kWrongKeys, *over, decision);
  if (fault.kind == Kind::kNoKeys) {
    decision.answer = Refusal{503, "Access tokens cannot be checked yet", {}, kJwksRetry};
  } else if (fault.kind == Kind::kScope) {
    decision.answer = Refusal{403, "The access token lacks a scope",
                              challenge(request, "insufficient_scope", fault.why)};
  } else {
    decision.answer = Refusal{401, "The access token is not valid",
                              challenge(request, "invalid_token", fault.why)};
  }
}

std::optional<Budget> Gate::failed(const GateRequest& request, const auth::Principal& caller,
                                   const Failure& failure) {
  auto over = failure.guess ? rates_.wrong_key(caller.address) : std::nullopt;
  log_.warn("authentication failed", {{"address", caller.address},
                                      {"method", request.method},
                                      {"path", request.path},
                                      {"reason", failure.reason},
                                      {"key", failure.key},
                                      {"detail", failure.detail},
                                      {"over_limit", over.has_value()}});
  metrics_.refused(over ? "rate_wrong_keys" : failure.reason).Increment();
  return over;
}

Fields Gate::challenge(const GateRequest& request, std::string_view error,
                       std::string_view why) const {
  if (tokens_ == nullptr) return {{"WWW-Authenticate", "Bearer"}};
  const std::string_view endpoint = request.rules.has_metadata ? request.path : std::string_view();
  std::string text = fmt::format("Bearer resource_metadata=\"{}{}\"", metadata_url_, endpoint);
  const std::vector<std::string>& scopes = tokens_->rules().scopes;
  if (!scopes.empty()) text += fmt::format(", scope=\"{}\"", fmt::join(scopes, " "));
  if (!error.empty()) text += fmt::format(", error=\"{}\", error_description=\"{}\"", error, why);
  return {{"WWW-Authenticate", std::move(text)}};
}

void Gate::charge(const GateRequest& request, Decision& decision) {
  if (!rates_.on() || !request.rules.charged) return;
  const auth::Principal& caller = *decision.caller;
  RateLimitKeys rate_keys{{}, caller.owner, caller.address};
  if (const auto session = request.session(); session && session->owner == caller.owner)
    rate_keys.session = session->id;
  const auto line = rates_.charge(rate_keys);
  if (!line) return;
  if (line->passed) return append(decision.reply_fields.own, fields_of(line->budget));
  over_rate(line->scope, caller, request.method, request.path);
  refuse_over(line->scope, line->budget, decision);
}

void Gate::check_permission(const GateRequest& request, Decision& decision) {
  const auth::Principal& caller = *decision.caller;
  const bool by_metrics = request.rules.access == Access::kMetrics;
  if (!is_for_few(request.rules.access) || request.method_not_allowed || caller.admin ||
      (by_metrics && caller.metrics))
    return;
  decision.answer =
      Refusal{403,
              fmt::format("Only a key with the permission {} may {}; without keys "
                          "only the start token, which the log shows at start "
                          "(MCP_OPEN_ADMIN)",
                          by_metrics ? "metrics or admin" : "admin", request.rules.action),
              {}};
}

Gate::Charge Gate::charge_further(const auth::Principal& caller, std::string_view session,
                                  std::size_t messages) {
  if (!rates_.on()) return {};
  const RateLimitKeys rate_keys{session, caller.owner, caller.address};
  const auto line = rates_.charge(rate_keys, messages);
  if (!line) return {};
  if (line->passed) return {fields_of(line->budget)};
  over_rate(line->scope, caller, "POST", "a batch");
  Charge refused{fields_of(line->budget), retry_after(line->budget)};
  const std::size_t all = messages + 1;
  for (const auto& [scope, budget, passed] : rates_.budgets(rate_keys)) {
    if (all <= budget.limit) continue;
    refused.never = fmt::format("a batch of {} messages never passes: {} allows {} in {} s", all,
                                setting_of(scope), budget.limit,
                                std::chrono::duration<double>(budget.window).count());
    break;
  }
  return refused;
}

void Gate::over_rate(std::string_view scope, const auth::Principal& caller, std::string_view method,
                     std::string_view path) {
  log_.warn("rate limit reached", {{"limit", scope},
                                   {"address", caller.address},
                                   {"key", caller.owner},
                                   {"method", method},
                                   {"path", path}});
  metrics_.refused("rate_" + std::string(scope)).Increment();
}

}  // namespace sidecar::access
