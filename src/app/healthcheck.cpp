#include "app/healthcheck.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <fmt/format.h>
#include <httplib.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/network_values.hpp"

namespace sidecar::app {
namespace {

constexpr std::size_t kMaxBodyBytes = 64 << 10;
constexpr time_t kConnectSeconds = 2;
constexpr time_t kAnswerSeconds = 3;

std::string authority(const HealthTarget& target) {
  const bool v6 = target.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", target.host, v6 ? "]" : "", target.port);
}

// Both of httplib's clients take the same calls, but `httplib::Client` parses only some URLs with IPv6
// addresses.
template <class Client>
Result<void> ask(Client& client, const HealthTarget& target) {
  client.set_connection_timeout(kConnectSeconds);
  client.set_read_timeout(kAnswerSeconds);
  client.set_write_timeout(kAnswerSeconds);
  const std::string where = fmt::format("{}{}", authority(target), target.path);
  std::string body;
  const auto answer = client.Get(target.path, httplib::Headers{{"Host", authority(target)}},
                                 [&body](const char* data, std::size_t size) {
                                   body.append(data, std::min(size, kMaxBodyBytes - body.size()));
                                   return body.size() < kMaxBodyBytes;
                                 });
  if (body.size() == kMaxBodyBytes) return fail(where + " gave an answer that is too long");
  if (!answer) return fail(fmt::format("no answer from {} ({})", where, httplib::to_string(answer.error())));
  if (answer->status != 200) return fail(fmt::format("{} answered {}", where, answer->status));
  const auto health = nlohmann::json::parse(body, nullptr, false);
  const auto status = health.is_object() ? health.find("status") : health.end();
  if (!health.is_object() || status == health.end() || *status != "ok")
    return fail(where + " does not say that it is ok");
  return {};
}

}  // namespace

Result<HealthTarget> health_target(const config::Settings& settings) {
  if (settings.port == 0) return fail("the port is 0: give the real one with --port or --url");
  std::string host = settings.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  return HealthTarget{false, std::move(host), settings.port};
}

Result<HealthTarget> health_target(std::string_view given) {
  const auto url = config::parse_public_url(given);
  if (!url) return fail("--url: " + url.error().message);
  HealthTarget target;
  target.tls = url->starts_with("https:");
  target.port = target.tls ? 443 : 80;
  const std::string_view rest = std::string_view(*url).substr(url->find("://") + 3);
  const auto slash = std::min(rest.find('/'), rest.size());
  const std::string_view place = rest.substr(0, slash);
  const std::string_view path = rest.substr(slash);
  target.path = path.ends_with("/health") ? std::string(path) : std::string(path) + "/health";

  const auto bracket = place.find(']');
  const auto colon = place.find(':', bracket == place.npos ? 0 : bracket);
  if (colon != place.npos)
    std::from_chars(place.data() + colon + 1, place.data() + place.size(), target.port);
  target.host = bracket == place.npos ? place.substr(0, colon) : place.substr(1, bracket - 1);
  return target;
}

Result<void> check_health(const HealthTarget& target) {
  std::signal(SIGPIPE,
              SIG_IGN);  // httplib writes without MSG_NOSIGNAL; a connection may be closed under its hands
  if (target.tls) {
    httplib::SSLClient client(target.host, target.port);
    return ask(client, target);
  }
  httplib::Client client(target.host, target.port);
  return ask(client, target);
}

}  // namespace sidecar::app
