// Gate: admits or refuses a request by its head, before any byte of its body is kept. Knows no HTTP
// connections, no MCP and no paths: it judges a plain struct that has the rules of the request's
// route (util/route_rules.hpp). The order of the checks is fixed; the http
// floor applies the TCP limits before, the floors above check sessions, bodies and permissions
// later:
//
//   1 client address   As trusted proxies report it. If they report none, a message to a session
//                      gets the address that opened the session.
//   2 address list     403. Loopback passes where the route says so.
//   3 preflight        Answered 204 here.
//     key fields       400 if one is repeated. Not at routes that read no key.
//   4 origin, host     403. While no key is needed, also 415 for a page's POST that is not JSON.
//                      Probes pass.
//   5 key or token     401; 403 for a token that lacks a scope; 429 once an address has used up its
//                      budget of wrong ones. A valid key always passes. Probes and public routes
//                      need no key, but a wrong one counts there too, except where no key is read:
//                      at paths without a route, and where OAuth clients ask first. While
//                      no key is needed, 401 only for a wrong start token on an administrator's
//                      route.
//                      A request without a credential may name a session that stands for a key.
//   6 rates            429. Charged to address, key and session, or to none. Probes and routes that
//                      are not charged are free.
//   7 permission       403 if the route is an administrator's, or for the metrics.
//
// Each refusal but the last is logged (equal ones share a line) and counts in
// mcp_sidecar_refused_total. Owned by Service; loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/access_tokens.hpp"
#include "access/address.hpp"
#include "access/forwarded.hpp"
#include "access/keys.hpp"
#include "access/origins.hpp"
#include "access/rate_limits.hpp"
#include "observe/caller.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/rate_limited_log.hpp"
#include "util/route_rules.hpp"

namespace sidecar::access {

// The facts of a live session that the gate needs.
struct KnownSession {
  std::string_view id;
  std::string_view owner;
  std::string_view address;  // the address that opened it
  bool loopback = false;     // as Caller::loopback
  // Fingerprint of the key for which the id stands: the one in the URL that opened an event stream
  // (MCP_ALLOW_QUERY_KEY). The endpoint event cannot carry that key, so the client posts without.
  std::optional<std::uint64_t> url_key{};
};

struct GateRequest {
  std::string_view method;
  std::string path;  // for the log and for challenges; without secrets
  std::string_view peer_address;
  // Value of a header field by its name; empty when absent.
  std::function<std::string_view(std::string_view)> header;
  // Values of all fields of a name, joined by commas.
  std::function<std::string(std::string_view)> list;
  // Whether a field of that name comes more than once.
  std::function<bool(std::string_view)> repeated;
  // The live session that the request names; nothing for an unknown id.
  std::function<std::optional<KnownSession>()> session;
  std::string url_key;              // the key of the URL, if MCP_ALLOW_QUERY_KEY is set
  RouteRules rules{};               // of the request's route
  bool method_not_allowed = false;  // answered 405 if admitted; so no permission is asked for
};

struct KeyRules {
  Keys keys;
  bool needed = false;             // may be true without keys: then every request is refused
  AccessTokens* tokens = nullptr;  // accepted beside keys
  std::string metadata_url{};      // RFC 9728, without the path of an endpoint

  // While no key is needed:
  std::optional<KeyHash> start_token{};  // its bearer is an administrator
  bool open_admin = false;               // so is every program of this machine
};

struct Refusal {
  int status;           // 204: a preflight, answered
  std::string message;  // empty for 204
  Fields fields;
  std::optional<std::chrono::seconds> retry_after{};
  std::string_view budget{};  // of 429: "session", "key", "address", "wrong_keys"; static text
};

struct Decision {
  std::optional<Refusal> answer;                  // set: the request is refused or answered
  ReplyFields reply_fields;                       // for the response, whatever its status
  std::shared_ptr<const observe::Caller> caller;  // shared: sessions keep it
};

class Gate {
 public:
  // `everybody`: the permissions that restrict all callers, with a key or without.
  Gate(KeyRules keys, auth::Permissions everybody, Origins origins, Networks networks,
       RateLimits& rates, observe::RateLimitedLog& log, observe::Metrics& metrics);

  bool needs_key() const { return needs_key_; }
  const Keys& keys() const { return keys_; }
  void set_keys(Keys keys) { keys_ = std::move(keys); }
  // From now on a key is needed. Cannot be undone while the program runs.
  void close() { needs_key_ = true; }
  // True if the permissions changed.
  bool set_everybody(auth::Permissions everybody) {
    if (everybody == *everybody_) return false;
    everybody_ = std::make_shared<auth::Permissions>(std::move(everybody));
    return true;
  }
  void set_origins(Origins origins) { origins_ = std::move(origins); }
  void set_networks(Networks networks) { networks_ = std::move(networks); }
  Decision judge(const GateRequest& request);
  // The result of a charge.
  struct Charge {
    Fields fields{};                                    // X-RateLimit-…
    std::optional<std::chrono::seconds> retry_after{};  // set: refused, and nothing was charged
    std::string never{};  // why so many messages never pass, however long the client waits
  };
  // A batch was charged as one request; this charges its other messages. `session`: the id of a
  // session of the caller. A refusal is logged and counted.
  Charge charge_further(const auth::Principal& caller, std::string_view session,
                        std::size_t messages);
  // True if the caller is an administrator now; for streams, which outlive their request.
  bool administers(const auth::Principal& caller) const;
  // The admitted caller with its present permissions.
  std::shared_ptr<const auth::Principal> present(const auth::Principal& caller) const;
  // True if the caller's key or token is still valid, or none is needed.
  bool holds(const auth::Principal& caller, WallTime now) const;
  // access::client_url() and client_prefix() of a request, with the present trusted proxies.
  std::string url_of(const GateRequest& request) const;
  std::string prefix_of(const GateRequest& request) const;

 private:
  struct Failure {
    std::string_view reason;  // label of the metric
    std::string_view key{};   // name of the key, if known
    std::string_view detail{};
    bool guess = false;  // counts against the budget of wrong keys
  };

  ClientAddress address_of(const GateRequest& request) const;
  bool allows(const ClientAddress& client) const;
  // True for a program of this machine, or our own page in a browser on it.
  bool is_this_machine(const GateRequest& request, const ClientAddress& client) const;
  // Each sets the decision's answer if it refuses the request.
  void check_once(const GateRequest& request, Decision& decision) const;
  void check_origin(const GateRequest& request, std::string_view origin, Decision& decision) const;
  void check_key(const GateRequest& request, bool needed, auth::Principal& caller,
                 Decision& decision);
  // The valid key for which the session that the request names stands; nullptr: none.
  const StoredKey* key_of_session(const GateRequest& request) const;
  void check_start_token(const GateRequest& request, const ClientAddress& client,
                         auth::Principal& caller, Decision& decision);
  void check_token(const GateRequest& request, std::string_view token, bool needed,
                   auth::Principal& caller, Decision& decision);
  // Logs and counts a missing or wrong credential. Set: the address has used up its budget.
  std::optional<Budget> failed(const GateRequest& request, const auth::Principal& caller,
                               const Failure& failure);
  // RFC 6750, section 3; RFC 9728, section 5.1.
  Fields challenge(const GateRequest& request, std::string_view error = {},
                   std::string_view why = {}) const;
  void charge(const GateRequest& request, Decision& decision);
  static void check_permission(const GateRequest& request, Decision& decision);
  void over_rate(std::string_view scope, const auth::Principal& caller, std::string_view method,
                 std::string_view path);

  Keys keys_;
  bool needs_key_;
  AccessTokens* const tokens_;
  const std::string metadata_url_;
  const std::optional<KeyHash> start_token_;
  const bool open_admin_;
  std::shared_ptr<const auth::Permissions> everybody_;
  Origins origins_;
  Networks networks_;
  RateLimits& rates_;
  observe::RateLimitedLog& log_;
  observe::Metrics& metrics_;
};

}  // namespace sidecar::access
