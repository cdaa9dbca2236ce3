#include "app/reload.hpp"

#include <algorithm>
#include <iterator>

#include "config/sources.hpp"
#include "config/text.hpp"

namespace sidecar::app {
namespace {

Result<Configuration> usable(const Running& running, const ReadConfiguration& read,
                             const NeedsKey& needs_key) {
  auto fresh = read();
  if (!fresh) return fresh;
  const std::string& file = running.loaded.dotenv_file;
  if (!file.empty() && fresh->loaded.dotenv_file.empty()) return fail(file + " is gone");
  if (running.needs_key && !needs_key(*fresh))
    return fail("no key is configured any more: only a restart opens the sidecar to all clients");
  return fresh;
}

// The names of the variables that differ.
std::vector<std::string> differing(const std::vector<std::string>& before,
                                   const std::vector<std::string>& after) {
  std::vector<std::string> lines;
  std::set_symmetric_difference(before.begin(), before.end(), after.begin(), after.end(),
                                std::back_inserter(lines));
  std::vector<std::string> names;
  names.reserve(lines.size());
  for (const std::string& line : lines) names.push_back(line.substr(0, line.find('=')));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

std::optional<Configuration> reload(const Running& running, const ReadConfiguration& read,
                                    const NeedsKey& needs_key, observe::Log& log) {
  auto fresh = usable(running, read, needs_key);
  if (!fresh) {
    log.error("reload rejected; settings unchanged", {{"reason", fresh.error().message}});
    return std::nullopt;
  }
  const observe::LogLevel before = running.loaded.settings.log.level;
  const auto changes = config::take_over(running.loaded, fresh->loaded);
  log.set_level(std::min(before, running.loaded.settings.log.level));

  for (const std::string& warning : fresh->loaded.warnings) log.warn(warning);
  std::size_t waiting = 0;
  for (const config::Change& change : changes) {
    if (change.taken_over) {
      log.info("setting changed",
               {{"setting", change.name}, {"from", change.before}, {"to", change.after}});
    } else {
      ++waiting;
      log.warn("setting waits for a restart of the sidecar",
               {{"setting", change.name}, {"now", change.before}, {"then", change.after}});
    }
  }
  const auto variables =
      differing(sorted(running.child_environment), sorted(fresh->child_environment));
  if (!variables.empty())
    log.info(
        "variables of the wrapped server changed; they take effect at its next start (POST "
        "/restart)",
        {{"variables", config::listed(variables)}});
  log.info("settings read again",
           {{"file", fresh->loaded.dotenv_file.empty() ? "none" : fresh->loaded.dotenv_file},
            {"changed", changes.size() - waiting},
            {"waiting", waiting}});
  return *std::move(fresh);
}

}  // namespace sidecar::app
