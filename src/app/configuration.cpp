#include "app/configuration.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <iterator>
#include <unistd.h>
#include <utility>

#include "app/jwks_source.hpp"
#include "app/keys_watch.hpp"
#include "audit/store.hpp"

namespace sidecar::app {
namespace {

// What starts us says by these where it listens, or which descriptors it gave us: systemd's sockets
// and watchdog, Node's channel under PM2. The child has none of them: it could speak for us, or,
// being Node itself, abort.
constexpr const char* kOfOurDescriptors[] = {
    "NOTIFY_SOCKET", "WATCHDOG_USEC",  "WATCHDOG_PID",    "LISTEN_FDS",
    "LISTEN_PID",    "LISTEN_FDNAMES", "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE"};

std::vector<std::string> child_environment(const config::Loaded& loaded,
                                           config::Environment variables) {
  for (const auto& [name, value] : loaded.child_additions) variables.insert_or_assign(name, value);
  for (const std::string& name : loaded.child_removals) variables.erase(name);
  for (const char* name : kOfOurDescriptors) variables.erase(name);
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables)
    environment.push_back(fmt::format("{}={}", name, value));
  return environment;
}

bool may_write(const std::filesystem::path& path) { return ::access(path.c_str(), W_OK) == 0; }

// The file can be changed, or another one be put in its place. Its folder is a relative path's own
// when it names none.
bool may_replace(const std::filesystem::path& file) {
  return may_write(file) || may_write(file.has_parent_path() ? file.parent_path() : ".");
}

}  // namespace

Result<Configuration> configuration(config::Loaded loaded, config::Environment environment) {
  Configuration made;
  const config::Settings& settings = loaded.settings;
  const struct {
    const char* name;
    const std::vector<std::string>& entries;
    access::AddressSet& set;
  } lists[] = {{"MCP_TRUSTED_PROXIES", settings.trusted_proxies, made.networks.trusted_proxies},
               {"MCP_ALLOWED_IPS", settings.allowed_addresses, made.networks.allowed}};
  for (const auto& list : lists) {
    const auto parsed = access::AddressSet::parse(list.entries);
    if (!parsed) return fail(loaded.origin(list.name).quoted() + ": " + parsed.error().message);
    list.set = *parsed;
  }
  if (!settings.keys_file.empty()) {
    auto keys = read_keys_file(settings.keys_file);
    if (!keys) return fail(loaded.origin("MCP_KEYS_FILE").quoted() + ": " + keys.error().message);
    made.keys = *std::move(keys);
    // Reading it gives hashes only; writing to it gives a key that may do everything.
    if (may_replace(settings.keys_file))
      loaded.warnings.push_back(
          fmt::format("the wrapped server runs as the same user and can read and change the keys "
                      "file {}: let another "
                      "user own the file and its folder",
                      settings.keys_file));
  }
  if (const auto jwks = check_jwks(settings.jwks); !jwks)
    return fail(loaded.origin("MCP_JWT_JWKS").quoted() + ": " + jwks.error().message);
  if (!settings.audit_db.empty()) {
    const auto store = audit::make_store(settings.audit_db, audit::Access::kWrite);
    if (!store) return fail(loaded.origin("MCP_AUDIT_DB").quoted() + ": " + store.error().message);
  }
  made.child_environment = child_environment(loaded, std::move(environment));
  made.loaded = std::move(loaded);
  return made;
}

observe::LogLevel log_level(const config::Settings& settings) {
  using observe::LogLevel;
  constexpr std::pair<std::string_view, LogLevel> kLevels[] = {
      {"trace", LogLevel::kTrace}, {"debug", LogLevel::kDebug}, {"warn", LogLevel::kWarn},
      {"error", LogLevel::kError}, {"off", LogLevel::kOff},
  };
  const auto* found =
      std::find_if(std::begin(kLevels), std::end(kLevels),
                   [&settings](const auto& each) { return each.first == settings.log_level; });
  return found == std::end(kLevels) ? LogLevel::kInfo : found->second;
}

}  // namespace sidecar::app
