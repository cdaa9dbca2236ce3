#include "transport/health.hpp"

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

namespace sidecar::transport {
namespace {

// As JavaScript's toISOString writes it.
std::string iso_time(std::chrono::system_clock::time_point now) {
  const auto since = now.time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(since).count() % 1000;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), milliseconds);
}

}  // namespace

Health::Health(const session::SessionTable& sessions, const child::Supervisor& child, const Timers& timers,
               bool auth_enabled)
    : sessions_(sessions),
      child_(child),
      timers_(timers),
      auth_enabled_(auth_enabled),
      started_(timers.now()) {}

std::vector<http::Route> Health::routes() {
  return {{"GET", "/health", "health", [this](http::Exchange exchange) { answer(std::move(exchange)); }}};
}

void Health::answer(http::Exchange exchange) const {
  const observe::Caller& caller = *exchange.request().caller;
  const child::ChildStatus child = child_.status();
  nlohmann::ordered_json body = {
      {"status", "ok"},
      {"timestamp", iso_time(std::chrono::system_clock::now())},
      {"sseClients", sessions_.size()},
      {"authEnabled", auth_enabled_},
      {"transport", "sse"},
      {"uptime", std::chrono::duration_cast<std::chrono::seconds>(timers_.now() - started_).count()},
      {"totalConnections", sessions_.size()},
      {"child", {{"state", child::name_of(child.state)}, {"restarts", child.restarts}}},
  };
  // Addresses of clients are for those who may come in.
  if (!auth_enabled_ || caller.has_key || caller.loopback) {
    nlohmann::ordered_json by_address = nlohmann::ordered_json::object();
    for (const auto& [address, count] : sessions_.by_address()) by_address[address] = count;
    body["connectionsByIP"] = std::move(by_address);
  }
  http::Response response;
  response.body = body.dump();
  response.fields.push_back({"Cache-Control", "no-store"});
  exchange.reply(std::move(response));
}

}  // namespace sidecar::transport
