// Gate: what is decided on the head of a request, before any byte of its body is kept. Knows
// nothing of HTTP connections, sessions or MCP: it judges a plain struct. The order is fixed:
//
//   TCP limits                the http floor's, before this
//   1 effective address       the client's, where trusted proxies tell it; a message to a session whose proxy
//                             tells nothing has the address that opened the session
//   2 address list            403; /health from loopback passes
//   3 preflight               leaves here, 204
//     key fields              400 for two of one name
//   4 origin, host            403; 415 for a page's POST of another type than JSON while no key is needed;
//                             /health and /ready pass
//   5 key or access token     401; while none is needed only a wrong start token, where only an administrator
//                             is answered; a wrong one beyond the address's budget of them 429. A right one
//                             always passes; /health, /ready, the metadata of RFC 9728 and the dashboard's
//                             pages pass, and a wrong key counts there too; a token that lacks a scope 403
//   6 rates                   429; address, key and session: charged to all or none; /health, /ready,
//                             /rate-limit-status: none
//   sessions, body, permission   the floors above
//
// What is refused has a log line, many equal ones share one, and counts in
// mcp_sidecar_refused_total. Owned by app; loop thread only.
#pragma once

#include <chrono>
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

namespace sidecar::access {

// RFC 9728
inline constexpr std::string_view kMetadataPath = "/.well-known/oauth-protected-resource";

// The dashboard's pages and what they are made of.
inline bool is_page_path(std::string_view path) {
  return path == "/" || path == "/docs" || path.starts_with("/assets/");
}

// Whether a path is served to administrators only.
bool is_admin_path(std::string_view path);

// A live session, as far as the gate must know it.
struct KnownSession {
  std::string_view id;
  std::string_view owner;
  std::string_view address;  // that opened it
  bool loopback = false;     // as Caller::loopback
};

struct GateRequest {
  std::string_view method;
  std::string_view path;
  std::string_view peer_address;
  // Value of a header field by its name; empty when absent.
  std::function<std::string_view(std::string_view)> header;
  // Values of all fields of a name, joined by commas.
  std::function<std::string(std::string_view)> list;
  // Whether there are several fields of a name.
  std::function<bool(std::string_view)> repeated;
  // The live session that the request names; nothing for an id that the server did not make.
  std::function<std::optional<KnownSession>()> session;
  std::string url_key;  // a key in the URL, where that is allowed
};

struct KeyRules {
  Keys keys;
  bool needed = false;             // also while there is none: then nobody comes in
  AccessTokens* tokens = nullptr;  // accepted beside keys
  std::string metadata_url{};      // of RFC 9728, without the path of an endpoint
  bool pages = false;              // there are pages, for which none is needed

  // While no key is needed:
  std::optional<KeyHash> start_token{};  // of the token whose bearer may administrate
  bool open_admin = false;               // this machine may, too
};

struct Refusal {
  int status;           // 204: a preflight, answered
  std::string message;  // empty for 204
  Fields fields;
  std::optional<std::chrono::seconds> retry_after{};
  std::string_view budget{};  // of 429: "session", "key", "address", "wrong_keys"; static text
};

struct Decision {
  std::optional<Refusal> answer;                  // set: the request ends here
  ReplyFields reply_fields;                       // for whatever the answer will be
  std::shared_ptr<const observe::Caller> caller;  // shared: sessions keep it
};

class Gate {
 public:
  // `everybody`: what holds for all callers, with a key or without.
  Gate(KeyRules keys, config::Permissions everybody, Origins origins, Networks networks,
       RateLimits& rates, observe::RateLimitedLog& log, observe::Metrics& metrics);

  bool needs_key() const { return needs_key_; }
  const Keys& keys() const { return keys_; }
  void set_keys(Keys keys) { keys_ = std::move(keys); }
  // From now on nobody comes in without a key. There is no way back while it runs.
  void close() { needs_key_ = true; }
  // Whether that differs from what held before.
  bool set_everybody(config::Permissions everybody) {
    if (everybody == *everybody_) return false;
    everybody_ = std::make_shared<config::Permissions>(std::move(everybody));
    return true;
  }
  void set_origins(Origins origins) { origins_ = std::move(origins); }
  void set_networks(Networks networks) { networks_ = std::move(networks); }
  Decision judge(const GateRequest& request);
  // What a charge leaves of the rates.
  struct Charge {
    Fields fields{};                                    // X-RateLimit-…
    std::optional<std::chrono::seconds> retry_after{};  // set: refused, and nothing was charged
    std::string never{};  // why so many messages never pass, however long the client waits
  };
  // A batch was let in as one request: its further messages count too. `session`: the id of one of
  // the caller's. A refusal is logged and counted.
  Charge charge_further(const observe::Caller& caller, std::string_view session,
                        std::size_t messages);
  // Whether one who was let in as an administrator still would be: a stream outlives its request.
  bool administers(const observe::Caller& caller) const;
  // One who was let in, with what it may now.
  std::shared_ptr<const observe::Caller> present(const observe::Caller& caller) const;
  // Whether the key or token of a caller that was let in still opens, as far as one is needed.
  bool holds(const observe::Caller& caller, WallTime now) const;
  // access::client_url() of a request, by the proxies that are trusted now.
  std::string url_of(const GateRequest& request) const;

 private:
  struct Failure {
    std::string_view reason;  // label of the metric
    std::string_view key{};   // its name, where it is known
    std::string_view detail{};
    bool guess = false;  // may be one of many that somebody tries
  };

  ClientAddress address_of(const GateRequest& request) const;
  bool allows(const ClientAddress& client) const;
  bool is_metadata(std::string_view path) const;
  bool needs_no_key(std::string_view path) const;
  // Whether a program of this machine asks, or our own page in a browser here.
  bool is_this_machine(const GateRequest& request, const ClientAddress& client) const;
  // Each sets the decision's answer when the request ends there.
  void check_once(const GateRequest& request, Decision& decision) const;
  void check_origin(const GateRequest& request, std::string_view origin, Decision& decision) const;
  void check_key(const GateRequest& request, bool needed, observe::Caller& caller,
                 Decision& decision);
  void check_start_token(const GateRequest& request, const ClientAddress& client,
                         observe::Caller& caller, Decision& decision);
  void check_token(const GateRequest& request, std::string_view token, bool needed,
                   observe::Caller& caller, Decision& decision);
  // Tells of a credential that is missing or does not fit; set: the address has shown too many.
  std::optional<Budget> failed(const GateRequest& request, const observe::Caller& caller,
                               const Failure& failure);
  // RFC 6750, section 3; RFC 9728, section 5.1.
  Fields challenge(std::string_view path, std::string_view error = {},
                   std::string_view why = {}) const;
  void charge(const GateRequest& request, Decision& decision);
  void over_rate(std::string_view scope, const observe::Caller& caller, std::string_view method,
                 std::string_view path);

  Keys keys_;
  bool needs_key_;
  AccessTokens* const tokens_;
  const std::string metadata_url_;
  const bool pages_;
  const std::optional<KeyHash> start_token_;
  const bool open_admin_;
  std::shared_ptr<const config::Permissions> everybody_;
  Origins origins_;
  Networks networks_;
  RateLimits& rates_;
  observe::RateLimitedLog& log_;
  observe::Metrics& metrics_;
};

}  // namespace sidecar::access
