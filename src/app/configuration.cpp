#include "app/configuration.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <iterator>
#include <unistd.h>
#include <utility>

#include "app/jwks_source.hpp"
#include "app/watched_file.hpp"
#include "audit/store.hpp"

namespace sidecar::app {
namespace {

// Variables of a service manager that are meant for this process: sockets and watchdog of systemd,
// the channel of Node under PM2. The child does not get them: it could send notifications in the
// name of the sidecar or, if it runs Node, abort.
constexpr const char* kOfOurDescriptors[] = {
    "NOTIFY_SOCKET", "WATCHDOG_USEC",  "WATCHDOG_PID",    "LISTEN_FDS",
    "LISTEN_PID",    "LISTEN_FDNAMES", "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE"};

std::vector<std::string> child_environment(const config::Loaded& loaded,
                                           config::Environment variables) {
  for (const auto& [name, value] : loaded.child_additions) variables.insert_or_assign(name, value);
  for (const std::string& name : loaded.child_removals) variables.erase(name);
  for (const char* name : kOfOurDescriptors) variables.erase(name);
  // Python keeps what it prints to a pipe until 8 KB have come together, so that a server that does
  // not flush would never answer.
  variables.emplace("PYTHONUNBUFFERED", "1");
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables)
    environment.push_back(fmt::format("{}={}", name, value));
  return environment;
}

bool may_write(const std::filesystem::path& path) { return ::access(path.c_str(), W_OK) == 0; }

// True if this user can change the file or put another one in its place.
bool may_replace(const std::filesystem::path& file) {
  return may_write(file) || may_write(file.has_parent_path() ? file.parent_path() : ".");
}

constexpr std::string_view kSpoolFolder = "mcp-sidecar-audit.spool";

// A caller may hold three quarters of a store that others need too (Shares::leaves_room). The
// settings give these three quarters.
std::size_t with_room_for_others(std::size_t of_one_caller) {
  return of_one_caller + of_one_caller / 3;
}

}  // namespace

Result<Configuration> configuration(config::Loaded loaded, config::Environment environment) {
  Configuration made;
  const config::Settings& settings = loaded.settings;
  const struct {
    const char* name;
    const std::vector<std::string>& entries;
    access::AddressSet& set;
  } lists[] = {
      {"MCP_TRUSTED_PROXIES", settings.access.trusted_proxies, made.networks.trusted_proxies},
      {"MCP_ALLOWED_IPS", settings.access.allowed_addresses, made.networks.allowed}};
  for (const auto& list : lists) {
    const auto parsed = access::AddressSet::parse(list.entries);
    if (!parsed) return fail(loaded.origin(list.name).quoted() + ": " + parsed.error().message);
    list.set = *parsed;
  }
  if (!settings.access.keys_file.empty()) {
    auto keys = read_keys_file(settings.access.keys_file);
    if (!keys) return fail(loaded.origin("MCP_KEYS_FILE").quoted() + ": " + keys.error().message);
    made.keys = *std::move(keys);
    // The file holds only hashes, but a process that can write to it can add a key without limits.
    if (may_replace(settings.access.keys_file))
      loaded.warnings.push_back(
          fmt::format("the wrapped server runs as the same user and can read and change the keys "
                      "file {}: let another user own the file and its folder",
                      settings.access.keys_file));
  }
  if (const auto jwks = check_jwks(settings.access.jwks); !jwks)
    return fail(loaded.origin("MCP_JWT_JWKS").quoted() + ": " + jwks.error().message);
  if (!settings.audit.address.empty()) {
    const auto store = audit::make_store(settings.audit.address, audit::Access::kWrite);
    if (!store) return fail(loaded.origin("MCP_AUDIT_DB").quoted() + ": " + store.error().message);
  }
  made.child_environment = child_environment(loaded, std::move(environment));
  made.loaded = std::move(loaded);
  return made;
}

std::vector<std::string> with_variables(std::vector<std::string> environment,
                                        const std::vector<std::string>& variables) {
  for (const std::string& variable : variables) {
    const std::string name = variable.substr(0, variable.find('=') + 1);
    std::erase_if(environment, [&name](const std::string& each) { return each.starts_with(name); });
    environment.push_back(variable);
  }
  return environment;
}

audit::Options audit_options(const config::AuditSettings& settings) {
  audit::Options options{settings};
  if (options.folder.empty()) {
    const auto file = audit::sqlite_file(options.address);
    options.folder = file ? file->string() + ".spool" : std::string(kSpoolFolder);
  }
  options.queue_bytes = with_room_for_others(options.queue_bytes);
  options.spool_bytes = with_room_for_others(options.spool_bytes);
  return options;
}

}  // namespace sidecar::app
