// What the tests of the Gate share: a gate, and requests that come to it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/gate.hpp"
#include "support/catch.hpp"
#include "support/manual_timers.hpp"

namespace sidecar::test::gate {

using Headers = std::map<std::string, std::string>;
using KeyList = std::vector<access::StoredKey>;

inline access::StoredKey key(std::string name, std::string_view secret, auth::Permissions may = {},
                             std::optional<std::chrono::sys_seconds> expires = {}) {
  return {std::move(name), access::hash_of(secret), expires,
          std::make_shared<auth::Permissions>(std::move(may))};
}

inline auth::Permissions only(std::vector<std::string> tools) {
  auth::Permissions permissions;
  permissions.tools.allow = std::move(tools);
  return permissions;
}

// The rules of the routes that the tests ask for.
inline RouteRules rules_of(std::string_view path) {
  if (path == "/health") return {.access = Access::kProbe, .loopback_allowed = true};
  if (path == "/ready") return {.access = Access::kProbe};
  if (path == "/docs") return {.access = Access::kPublic};
  if (path == "/rate-limit-status") return {.access = Access::kClient, .charged = false};
  if (path == "/metrics") return {.access = Access::kMetrics, .action = "read the metrics"};
  if (path == "/calls" || path == "/restart")
    return {.access = Access::kAdmin, .action = "see calls"};
  if (path == "/mcp") return {.access = Access::kClient, .has_metadata = true, .vapi_secret = true};
  if (path == "/message") return {.access = Access::kClient, .session_as_key = true};
  return path == "/nothing" ? kNoRoute : RouteRules{};
}

struct Door {
  explicit Door(const KeyList& keys, std::vector<std::string> origins = {"*"},
                bool loopback = false, const std::vector<std::string>& allowed = {"*"},
                const access::Rates& rates = {}, auth::Permissions everybody = {},
                bool open_admin = false)
      : limits(rates, timers),
        gate({access::Keys(keys), !keys.empty(), nullptr, {}, access::hash_of("start"), open_admin},
             std::move(everybody),
             access::Origins(rules(std::move(origins), loopback, keys.empty())),
             {access::AddressSet::parse({"127.0.0.0/8", "::1", "10.0.0.0/8"}).value(),
              access::AddressSet::parse(allowed).value()},
             limits, refusals, metrics) {}

  static access::OriginRules rules(std::vector<std::string> origins, bool loopback, bool open) {
    access::OriginRules all;
    all.allowed = std::move(origins);
    all.hosts = {"mcp.example.com:8443", "[2001:db8::5]:80"};
    all.open = open;
    if (loopback) all.host_check = open ? access::HostCheck::kAll : access::HostCheck::kPages;
    return all;
  }

  access::Decision request(Headers headers, std::string method = "POST",
                           std::string path = "/message", std::string peer = "127.0.0.1") {
    const auto header = [&](std::string_view name) -> std::string_view {
      const auto found = headers.find(std::string(name));
      return found == headers.end() ? std::string_view() : std::string_view(found->second);
    };
    return gate.judge({method, path, peer, header,
                       [&](std::string_view name) {
                         std::string all(header(name));
                         if (name == repeated) all += ", another";
                         return all;
                       },
                       [this](std::string_view name) { return name == repeated; },
                       [this] { return session; }, url_key, rules_of(path), method_not_allowed});
  }

  test::ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::RateLimitedLog refusals{log, timers};
  observe::Metrics metrics;
  std::optional<access::KnownSession> session;  // that the requests name
  access::RateLimits limits;
  std::string url_key;
  bool method_not_allowed = false;
  std::string_view repeated;  // field that the requests have twice
  access::Gate gate;
};

inline std::string field(const ReplyFields& fields, std::string_view name) {
  std::string value;
  fields.for_each([&](const Field& each) {
    if (each.name == name) value = each.value;
  });
  return value;
}

}  // namespace sidecar::test::gate
