#include "endpoints/ops/health.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "child/supervisor.hpp"
#include "util/encoding.hpp"

namespace sidecar::endpoints {
namespace {

using auth::Disclosure;

constexpr std::chrono::seconds kRetry{1};

http::Response uncached(const nlohmann::ordered_json& body, int status = 200) {
  http::Response response;
  response.status = status;
  // Texts of the wrapped server may be invalid UTF-8.
  response.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  response.fields.push_back({"Cache-Control", "no-store"});
  return response;
}

}  // namespace

Health::Health(const session::StreamLimit& streams, const mux::Instances& instances,
               const Timers& timers, bool auth_enabled)
    : streams_(streams),
      instances_(instances),
      timers_(timers),
      auth_enabled_(auth_enabled),
      started_(timers.now()) {}

std::vector<http::Route> Health::routes() {
  constexpr RouteRules kCheck{.access = Access::kProbe, .loopback_allowed = true};
  return {{"GET", "/health", "health", kCheck,
           [this](http::Exchange exchange) { health(std::move(exchange)); }},
          {"GET", "/ready", "ready", kCheck,
           [this](http::Exchange exchange) { ready(std::move(exchange)); }}};
}

auth::Disclosure Health::disclosed_to(const http::Exchange& exchange) const {
  return auth::disclosure(*exchange.request().caller, auth_enabled_);
}

bool Health::shows_addresses(const http::Exchange& exchange) const {
  const auth::Principal& caller = *exchange.request().caller;
  return !auth_enabled_ || caller.has_key || caller.loopback;
}

void Health::health(http::Exchange exchange) const {
  const std::vector<mux::InstanceStatus> instances = instances_.status();
  nlohmann::ordered_json body = {
      {"status", "ok"},
      {"timestamp", iso_time(std::chrono::system_clock::now())},
      {"sseClients", streams_.size()},
      {"authEnabled", auth_enabled_},
      {"transport", "sse"},
      {"uptime",
       std::chrono::duration_cast<std::chrono::seconds>(timers_.now() - started_).count()},
      {"totalConnections", streams_.size()},
  };
  nlohmann::ordered_json children = nlohmann::ordered_json::array();
  for (const mux::InstanceStatus& instance : instances) {
    const char* state = child::name_of(instance.child.state);
    // Clients of both predecessors read `child`: the first child, which is a shared one.
    if (children.empty()) body["child"] = {{"state", state}, {"restarts", instance.child.restarts}};
    nlohmann::ordered_json child = {
        {"name", instance.name}, {"state", state}, {"restarts", instance.child.restarts}};
    if (disclosed_to(exchange) != Disclosure::kState) {
      child["sessions"] = instance.sessions;
      child["calls"] = instance.calls;
    }
    children.push_back(std::move(child));
  }
  body["children"] = std::move(children);
  if (shows_addresses(exchange)) {
    nlohmann::ordered_json by_address = nlohmann::ordered_json::object();
    for (const auto& [address, count] : streams_.by_address()) by_address[address] = count;
    body["connectionsByIP"] = std::move(by_address);
  }
  exchange.reply(uncached(body));
}

void Health::ready(http::Exchange exchange) const {
  const mux::Readiness readiness = instances_.readiness();
  if (readiness.ready) return exchange.reply(uncached({{"status", "ready"}}));
  nlohmann::ordered_json body = {{"status", "unavailable"}};
  const Disclosure told = disclosed_to(exchange);
  body["reason"] = readiness.reason(told);
  if (readiness.tries > 0) body["tries"] = readiness.tries;
  if (readiness.death) body["lastFailure"] = readiness.death->what(told);
  http::Response response = uncached(body, 503);
  const auto retry = std::max(readiness.retry_after.value_or(kRetry), kRetry);
  response.fields.push_back({"Retry-After", std::to_string(retry.count())});
  exchange.reply(std::move(response));
}

}  // namespace sidecar::endpoints
