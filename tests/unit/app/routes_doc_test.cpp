// docs/architecture.md names every endpoint, and whom it serves.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "app/service.hpp"
#include "support/catch.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;

namespace {

std::string_view served(Access access) {
  switch (access) {
    case Access::kProbe:
      return "everybody (health check)";
    case Access::kPublic:
      return "everybody";
    case Access::kClient:
      return "callers with a key or token";
    case Access::kMetrics:
      return "permission `metrics` or `admin`";
    case Access::kAdmin:
      return "permission `admin`";
  }
  return "";
}

std::string table_of(const std::vector<http::Route>& routes) {
  std::string table =
      "| Method | Path | Serves | Rates | Endpoint in metrics |\n| --- | --- | --- | --- | --- |\n";
  for (const http::Route& route : routes) {
    const RouteRules& rules = route.rules;
    const bool charged = rules.charged && rules.access != Access::kProbe;
    table += fmt::format("| `{}` | `{}`{} | {} | {} | `{}` |\n", route.method, route.path,
                         route.events_only ? ", event streams" : "", served(rules.access),
                         charged ? "yes" : "no", route.name);
  }
  return table;
}

}  // namespace

TEST_CASE("routes: docs/architecture.md has the table of all endpoints") {
  boost::asio::io_context loop;
  test::ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  const observe::Calls calls{timers};
  const observe::RecentCalls recent;
  const auth::Secret secret({"the secret of a test"});
  config::Settings settings;
  settings.access.jwt_issuer = "https://as.example";
  settings.listen.public_url = "https://mcp.example";
  settings.endpoints.dashboard = true;
  test::FakeLinks children;
  const app::Dependencies parts{loop, timers, log, metrics, calls, recent, secret};
  app::Service service(settings, {}, {}, children.factory(), parts);
  std::vector<http::Route> routes = service.routes();
  // Some endpoints exist only without an authorization server.
  config::Settings without = settings;
  without.access.jwt_issuer.clear();
  app::Service other(without, {}, {}, children.factory(), parts);
  for (http::Route& route : other.routes()) {
    const auto same = [&route](const http::Route& each) {
      return each.method == route.method && each.path == route.path;
    };
    if (std::none_of(routes.begin(), routes.end(), same)) routes.push_back(std::move(route));
  }

  std::ifstream file(std::string(SIDECAR_SOURCE_DIR) + "/docs/architecture.md", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::string begin = "<!-- routes:begin -->\n";
  const auto from = text.find(begin);
  const auto to = text.find("<!-- routes:end -->");
  REQUIRE((from != std::string::npos && to != std::string::npos));
  CHECK(text.substr(from + begin.size(), to - from - begin.size()) == table_of(routes));
}
