// mcp-sidecar: see README.md. Exit codes: 0 ended as asked; 1 could not run (port taken) or not healthy; 2 a
// fault in flags or settings; 128 + signal after a second signal.
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "app/command_line.hpp"
#include "app/program.hpp"
#include "audit/store.hpp"
#include "child/descriptor_limit.hpp"

namespace {

using namespace sidecar;

int complain(int exit_code, std::string_view message) {
  fmt::print(stderr, "mcp-sidecar: {}\n", message);
  return exit_code;
}

std::vector<std::string> child_environment(const config::Loaded& loaded, config::Environment variables) {
  for (const auto& [name, value] : loaded.child_additions) variables.insert_or_assign(name, value);
  for (const std::string& name : loaded.child_removals) variables.erase(name);
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(fmt::format("{}={}", name, value));
  return environment;
}

observe::LogLevel level_of(std::string_view name) {
  using observe::LogLevel;
  constexpr std::pair<std::string_view, LogLevel> kLevels[] = {
      {"trace", LogLevel::kTrace}, {"debug", LogLevel::kDebug}, {"warn", LogLevel::kWarn},
      {"error", LogLevel::kError}, {"off", LogLevel::kOff},
  };
  for (const auto& [known, level] : kLevels) {
    if (name == known) return level;
  }
  return LogLevel::kInfo;
}

observe::LogFormat format_of(std::string_view name) {
  const bool text = name == "text" || (name == "auto" && isatty(STDERR_FILENO) == 1);
  return text ? observe::LogFormat::kText : observe::LogFormat::kJson;
}

int run(config::Loaded loaded, const config::Environment& environment) {
  const config::Settings& settings = loaded.settings;
  access::Networks networks;
  const struct {
    const char* name;
    const std::vector<std::string>& entries;
    access::AddressSet& set;
  } lists[] = {{"MCP_TRUSTED_PROXIES", settings.trusted_proxies, networks.trusted_proxies},
               {"MCP_ALLOWED_IPS", settings.allowed_addresses, networks.allowed}};
  for (const auto& list : lists) {
    const auto parsed = access::AddressSet::parse(list.entries);
    if (!parsed) return complain(2, loaded.origin(list.name).quoted() + ": " + parsed.error().message);
    list.set = *parsed;
  }
  auto keys = settings.keys_file.empty() ? Result<std::vector<access::StoredKey>>{}
                                         : app::read_keys_file(settings.keys_file);
  if (!keys) return complain(2, loaded.origin("MCP_KEYS_FILE").quoted() + ": " + keys.error().message);
  if (const auto jwks = app::check_jwks(settings.jwks); !jwks)
    return complain(2, loaded.origin("MCP_JWT_JWKS").quoted() + ": " + jwks.error().message);
  if (!settings.audit_db.empty()) {
    const auto store = audit::make_store(settings.audit_db, audit::Access::kWrite);
    if (!store) return complain(2, loaded.origin("MCP_AUDIT_DB").quoted() + ": " + store.error().message);
  }
  const child::DescriptorLimit descriptors = child::raise_descriptor_limit();
  child::Launch launch{settings.command, child_environment(loaded, environment), {}, descriptors.before};
  if (const auto found = child::find_command(launch); !found) {
    return complain(2, "cannot run the MCP server: " + found.error().message);
  }
  // Before the log, whose thread must not be carried into the fork.
  const auto guard = child::Guard::start();
  if (!guard) return complain(1, guard.error().message);

  int exit_code = 0;
  {
    observe::Log log = observe::make_stderr_log(level_of(settings.log_level), format_of(settings.log_format));
    log.info("open files", {{"limit", descriptors.now}, {"before", descriptors.before}});
    app::Program program(std::move(loaded), std::move(launch), std::move(networks), std::move(*keys), *guard,
                         log);
    const auto ended = program.run();
    exit_code = ended ? *ended : complain(1, ended.error().message);
  }
  child::kill_remaining_children(*guard);
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  child::prepare_host_process();
  const config::Environment environment = config::environment_from(environ);
  std::error_code gone;  // a working directory that was removed has no .env either
  auto asked = app::parse_command_line(argc, argv, environment, std::filesystem::current_path(gone));
  if (const auto* print = std::get_if<app::Print>(&asked)) {
    std::fputs(print->text.c_str(), print->exit_code == 0 ? stdout : stderr);
    return print->exit_code;
  }
  if (const auto* check = std::get_if<app::Healthcheck>(&asked)) {
    const auto healthy = app::check_health(check->target);
    return healthy ? 0 : complain(1, healthy.error().message);
  }
  if (const auto* keys = std::get_if<app::KeysCommand>(&asked)) {
    const auto said = app::run(*keys, std::chrono::system_clock::now());
    if (!said) return complain(1, said.error().message);
    std::fputs(said->c_str(), stdout);
    return 0;
  }
  if (const auto* audit = std::get_if<app::AuditCommand>(&asked)) {
    const auto done = app::run(*audit, stdout);
    return done ? 0 : complain(1, done.error().message);
  }
  return run(std::move(std::get<app::Run>(asked).loaded), environment);
}
