#include "app/kept_secret.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <system_error>

#include "util/crypto.hpp"
#include "util/files.hpp"

namespace sidecar::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRandomBytes = 32;

// Empty: there is none.
fs::path state_folder(const config::Settings& settings, const config::Environment& environment) {
  if (!settings.state.folder.empty()) return settings.state.folder;
  const auto variable = [&environment](std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  // systemd.exec, StateDirectory: several folders are separated by colons.
  if (const std::string folders = variable("STATE_DIRECTORY"); !folders.empty())
    return folders.substr(0, folders.find(':'));
  if (const fs::path state = variable("XDG_STATE_HOME"); state.is_absolute())
    return state / "mcp-sidecar";
  if (const fs::path home = variable("HOME"); home.is_absolute())
    return home / ".local/state/mcp-sidecar";
  return {};
}

Result<std::string> secret_in(const fs::path& folder) {
  if (folder.empty()) return fail("there is no home folder, and MCP_STATE_DIR is not set");
  std::error_code error;
  if (fs::create_directories(folder, error); error)
    return fail(fmt::format("cannot create {}: {}", folder.string(), error.message()));
  return load_or_make_key(folder / "secret");
}

}  // namespace

KeptSecret kept_secret(const config::Settings& settings, const config::Environment& environment) {
  if (!settings.state.secrets.empty()) return {auth::Secret(settings.state.secrets), {}};
  const auto kept = secret_in(state_folder(settings, environment));
  if (!kept) return {auth::Secret({random_hex(kRandomBytes)}), kept.error().message};
  return {auth::Secret({*kept}, std::to_string(settings.listen.port)), {}};
}

}  // namespace sidecar::app
