// Cross checks: the rules between two or more settings.
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/command.hpp"
#include "config/container_run.hpp"
#include "config/sources.hpp"
#include "config/values.hpp"

namespace sidecar::config {
namespace {

// The value of a setting, as a number of its unit.
using Value = std::int64_t (*)(const Settings&);

struct Order {
  Value less;
  std::string_view less_name;
  Value more;
  std::string_view more_name;
  std::string_view otherwise;
};

std::int64_t number(std::size_t value) { return static_cast<std::int64_t>(value); }
std::int64_t number(Clock::duration value) { return value.count(); }

constexpr Order kOrders[] = {
    {[](const Settings& s) { return number(s.http.body_bytes); }, "MCP_MAX_BODY",
     [](const Settings& s) { return number(s.child.process.stdin_queue_bytes); }, "MCP_STDIN_QUEUE",
     "the largest message could never reach the wrapped server"},
    {[](const Settings& s) { return number(s.http.body_bytes); }, "MCP_MAX_BODY",
     [](const Settings& s) { return number(s.http.buffered_bytes); }, "MCP_MAX_BUFFERED",
     "the largest request could never be received"},
    {[](const Settings& s) { return number(s.http.head_bytes); }, "MCP_MAX_HEAD",
     [](const Settings& s) { return number(s.http.buffered_bytes); }, "MCP_MAX_BUFFERED",
     "the largest request could never be received"},
    {[](const Settings& s) { return number(s.instances.warm); }, "MCP_WARM_INSTANCES",
     [](const Settings& s) { return number(s.instances.max_dedicated); }, "MCP_MAX_INSTANCES",
     "warm processes count among them"},
    {[](const Settings& s) { return number(s.calls.call_timeout); }, "MCP_CALL_TIMEOUT",
     [](const Settings& s) { return number(s.calls.call_timeout_total); }, "MCP_CALL_TIMEOUT_TOTAL",
     "it would never be reached"},
    {[](const Settings& s) { return number(s.child.supervisor.restart_delays.first); },
     "MCP_RESTART_DELAY",
     [](const Settings& s) { return number(s.child.supervisor.restart_delays.longest); },
     "MCP_RESTART_DELAY_MAX", "the first wait would be the longest"},
};

// Docker sends SIGKILL 10 s after SIGTERM; half a second is reserved for the rest of the shutdown.
constexpr Milliseconds kDockerGrace{10'000};
constexpr Milliseconds kReserve{500};

Result<void> check_orders(const Loaded& loaded) {
  for (const Order& order : kOrders) {
    if (order.less(loaded.settings) <= order.more(loaded.settings)) continue;
    const auto named = [&loaded](std::string_view name) {
      const Origin& origin = loaded.origin(name);
      return origin.place == Place::kDefault ? fmt::format("{}={} (default)", name, origin.text)
                                             : origin.quoted();
    };
    return fail(fmt::format("{} is more than {}: {}", named(order.less_name),
                            named(order.more_name), order.otherwise));
  }
  return {};
}

// The settings of access tokens must be complete.
Result<void> check_tokens(const Loaded& loaded) {
  const Settings& settings = loaded.settings;
  if (settings.access.jwt_issuer.empty()) {
    for (const std::string_view name : {"MCP_JWT_JWKS", "MCP_JWT_AUDIENCE", "MCP_JWT_SCOPES"}) {
      if (loaded.origin(name).place != Place::kDefault)
        return fail(loaded.origin(name).quoted() + ": no token is accepted without MCP_JWT_ISSUER");
    }
    return {};
  }
  const auto needs = [&loaded](std::string_view what) {
    return fail(fmt::format("{} needs {}", loaded.origin("MCP_JWT_ISSUER").quoted(), what));
  };
  if (settings.access.jwks.empty())
    return needs("MCP_JWT_JWKS, the keys that its tokens are signed with");
  if (settings.listen.public_url.empty())
    return needs("MCP_PUBLIC_URL, the resource that its tokens are meant for");
  return {};
}

void warn_of_keys(Loaded& loaded) {
  const Settings& settings = loaded.settings;
  const std::vector<Key>& keys = settings.access.keys;
  const auto any = [&keys](auto fits) { return std::any_of(keys.begin(), keys.end(), fits); };
  if (keys.size() > 1 && settings.access.admin_keys.empty() && settings.access.keys_file.empty() &&
      !any([](const Key& key) { return key.admin; }))
    loaded.warnings.emplace_back(
        "several keys are configured and none is an administrator's: mark one as NAME:KEY:admin, "
        "or set MCP_ADMIN_KEY");
  if (any([](const Key& key) { return key.secret == "admin"; }))
    loaded.warnings.emplace_back(
        "a key is the word admin: NAME:KEY:admin marks the key of an administrator");
}

// What runs the command is not a shell.
void warn_of_shell_syntax(Loaded& loaded) {
  const Origin& origin = loaded.origin("MCP_COMMAND");
  const bool split = origin.place != Place::kDefault && origin.name != "--";
  if (!split || !has_shell_syntax(origin.text)) return;
  loaded.warnings.push_back(fmt::format(
      "{} holds what only a shell replaces or interprets ($NAME, `…`, ~/, >file, ;): it is passed "
      "on as it is; if it is meant for a shell, put the whole command into sh -c '…'",
      origin.name));
}

void warn_of_containers(Loaded& loaded) {
  const auto missing = missing_run_options(loaded.settings.command.words);
  if (missing.empty()) return;
  loaded.warnings.push_back(fmt::format(
      "the wrapped server is a container that is run without {}: it can outlive the sidecar, "
      "because as its process 1 the server may ignore SIGTERM (--init), and it is kept once it has "
      "ended (--rm)",
      fmt::join(missing, " and ")));
}

}  // namespace

Result<void> cross_check(Loaded& loaded) {
  if (auto fits = check_orders(loaded); !fits) return fits;
  if (auto fits = check_tokens(loaded); !fits) return fits;
  const Settings& settings = loaded.settings;
  warn_of_keys(loaded);
  warn_of_shell_syntax(loaded);
  warn_of_containers(loaded);
  const auto& pages = settings.access.cors_origins;
  if (!settings.access.needs_key() && std::find(pages.begin(), pages.end(), "*") != pages.end())
    loaded.warnings.emplace_back(
        "MCP_CORS_ORIGINS=* without a key lets every web page call the tools");
  if (settings.allow_debugger) {
    loaded.warnings.push_back(
        fmt::format("{}: the wrapped server can read the sidecar's memory, secrets included",
                    loaded.origin("MCP_ALLOW_DEBUGGER").quoted()));
  }
  if (!settings.access.needs_key() && settings.access.open_admin)
    loaded.warnings.emplace_back(
        "MCP_OPEN_ADMIN without a key: every program of this machine is an administrator, and so "
        "is "
        "every client of a local proxy that does not report its clients");
  const KillTimes& times = settings.child.process.kill_times;
  // Its descendants get the time after TERM too, once the server has ended.
  const Milliseconds shutdown = settings.drain_timeout + times.stdin_close +
                                times.term * (settings.child.keep_descendants ? 1 : 2);
  if (shutdown > kDockerGrace - kReserve) {
    loaded.warnings.push_back(fmt::format(
        "MCP_DRAIN_TIMEOUT, MCP_STDIN_CLOSE_GRACE and {} add up to {}: Docker kills after 10s "
        "unless stop_grace_period is longer",
        settings.child.keep_descendants
            ? "MCP_TERM_GRACE"
            : "twice MCP_TERM_GRACE (for the server, then for what it has left)",
        duration_text(shutdown)));
  }
  return {};
}

}  // namespace sidecar::config
