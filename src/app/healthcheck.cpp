#include "app/healthcheck.hpp"

#include <csignal>
#include <nlohmann/json.hpp>

#include "config/network_values.hpp"

namespace sidecar::app {
namespace {

constexpr const char* kPath = "/health";
constexpr std::size_t kMaxBodyBytes = 64 << 10;

}  // namespace

Result<HttpTarget> health_target(const config::Settings& settings) {
  if (settings.port == 0) return fail("the port is 0: give the real one with --port or --url");
  std::string host = settings.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  return HttpTarget{false, std::move(host), settings.port, kPath};
}

Result<HttpTarget> health_target(std::string_view given) {
  const auto url = config::parse_public_url(given);
  if (!url) return fail("--url: " + url.error().message);
  HttpTarget target = http_target(*url);
  if (!target.path.ends_with(kPath)) target.path += kPath;
  return target;
}

Result<void> check_health(const HttpTarget& target) {
  std::signal(SIGPIPE, SIG_IGN);  // the server may close the connection
  HttpGet get(target);
  const auto body = get.run(kMaxBodyBytes);
  if (!body) return tl::unexpected(body.error());
  const auto health = nlohmann::json::parse(*body, nullptr, false);
  const auto status = health.is_object() ? health.find("status") : health.end();
  if (!health.is_object() || status == health.end() || *status != "ok")
    return fail(get.where() + " does not say that it is ok");
  return {};
}

}  // namespace sidecar::app
