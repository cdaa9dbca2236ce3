#include "config/reload.hpp"

#include <algorithm>
#include <iterator>

#include "config/secrets.hpp"
#include "config/table.hpp"

namespace sidecar::config {
namespace {

using S = Settings;
using P = Permissions;
using N = NameRules;

// Copies one value from `from` to `to`. True if they differed.
using Take = bool (*)(Settings& to, const Settings& from);

template <class Value>
bool replace(Value& to, const Value& from) {
  if (to == from) return false;
  to = from;
  return true;
}

template <auto Field>
bool field(Settings& to, const Settings& from) {
  return replace(to.*Field, from.*Field);
}

template <auto Part, auto List>
bool patterns(Settings& to, const Settings& from) {
  return replace(to.permissions.*Part.*List, from.permissions.*Part.*List);
}

bool read_only(Settings& to, const Settings& from) {
  return replace(to.permissions.read_only, from.permissions.read_only);
}

struct Reloadable {
  std::string_view name;
  Take take;
};

constexpr Reloadable kReloadable[] = {
    {"MCP_API_KEYS", field<&S::keys>},
    {"MCP_ADMIN_KEY", field<&S::admin_keys>},
    {"MCP_ALLOW_QUERY_KEY", field<&S::allow_query_key>},
    {"MCP_ALLOWED_TOOLS", patterns<&P::tools, &N::allow>},
    {"MCP_DENIED_TOOLS", patterns<&P::tools, &N::deny>},
    {"MCP_ALLOWED_RESOURCES", patterns<&P::resources, &N::allow>},
    {"MCP_DENIED_RESOURCES", patterns<&P::resources, &N::deny>},
    {"MCP_ALLOWED_PROMPTS", patterns<&P::prompts, &N::allow>},
    {"MCP_DENIED_PROMPTS", patterns<&P::prompts, &N::deny>},
    {"MCP_READ_ONLY", read_only},
    {"MCP_CORS_ORIGINS", field<&S::cors_origins>},
    {"MCP_ALLOWED_HOSTS", field<&S::allowed_hosts>},
    {"MCP_ALLOWED_IPS", field<&S::allowed_addresses>},
    {"MCP_TRUSTED_PROXIES", field<&S::trusted_proxies>},
    {"MCP_PASS_SECRETS", field<&S::pass_secrets>},
    {"MCP_RATE_LIMIT_PER_MIN", field<&S::session_rate>},
    {"MCP_RATE_LIMIT_PER_KEY", field<&S::key_rate>},
    {"MCP_RATE_LIMIT_PER_IP", field<&S::address_rate>},
    {"MCP_FAILED_KEYS_LIMIT", field<&S::wrong_key_rate>},
    {"MCP_CHILD_RATE_LIMIT", field<&S::child_rate>},
    {"MCP_MAX_CONNECTIONS", field<&S::max_sessions>},
    {"MCP_MAX_SESSIONS_PER_KEY", field<&S::max_sessions_per_key>},
    {"MCP_MAX_CONNECTIONS_PER_IP", field<&S::max_streams_per_ip>},
    {"MCP_SESSION_TIMEOUT", field<&S::session_timeout>},
    {"MCP_DRAIN_TIMEOUT", field<&S::drain_timeout>},
    {"LOG_LEVEL", field<&S::log_level>},
    {"MCP_DEBUG_REQUESTS", field<&S::debug_requests>},
};

Take taking(std::string_view name) {
  const auto* found = std::find_if(std::begin(kReloadable), std::end(kReloadable),
                                   [name](const Reloadable& each) { return each.name == name; });
  return found == std::end(kReloadable) ? nullptr : found->take;
}

// True if the values differ, and not only their spelling.
bool differ(const Setting& setting, const Origin& before, const Origin& after) {
  if (setting.secret == Secret::kYes) return before.fingerprint != after.fingerprint;
  if (before.text == after.text) return false;
  Settings one, other;
  const auto read = [&setting](const Origin& origin, Settings& out) {
    return origin.text.empty() || setting.parse(setting.name, origin.text, out);
  };
  return !read(before, one) || !read(after, other) || !(one == other);
}

}  // namespace

bool reloadable(std::string_view name) { return taking(name) != nullptr; }

std::vector<Change> take_over(Loaded& running, const Loaded& fresh) {
  std::vector<Change> changes;
  const auto table = settings_table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    Origin& origin = running.origins[i];
    const Take take = taking(table[i].name);
    const bool differs = take != nullptr ? take(running.settings, fresh.settings)
                                         : differ(table[i], origin, fresh.origins[i]);
    if (differs) {
      changes.push_back({table[i].name, shown_value(table[i], origin),
                         shown_value(table[i], fresh.origins[i]), take != nullptr});
    }
    if (take != nullptr) origin = fresh.origins[i];
  }
  return changes;
}

}  // namespace sidecar::config
