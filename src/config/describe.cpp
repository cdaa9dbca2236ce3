#include "config/describe.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "config/secrets.hpp"
#include "config/text.hpp"

namespace sidecar::config {
namespace {

std::string further_names(const Setting& setting) {
  std::vector<std::string> names;
  for (const std::string_view alias : setting.aliases) {
    if (!alias.empty()) names.push_back(fmt::format("`{}`", alias));
  }
  return listed(names);
}

}  // namespace

std::string settings_markdown() {
  std::string text =
      "Times are milliseconds or end in `ms`, `s`, `m`, `h`, `d`; sizes are bytes or end in `KB`, "
      "`MB`, "
      "`GB` (powers of 1024).\n"
      "Secrets can be read from a file: append `_FILE` to the variable, or `-file` to the flag, "
      "and give the path.\n"
      "Settings with a ↻ can change while the program runs, on [SIGHUP](#reload); the others take "
      "effect at the next start.\n";
  std::optional<Group> group;
  for (const Setting& setting : settings_table()) {
    if (setting.group != group) {
      group = setting.group;
      text += fmt::format(
          "\n**{}**\n\n| Variable | Flag | Also read | Default | Meaning |\n"
          "| --- | --- | --- | --- | --- |\n",
          group_title(setting.group));
    }
    const std::string initial = setting.initial.empty() ? "" : fmt::format("`{}`", setting.initial);
    text += fmt::format("| `{}`{} | `{}` | {} | {} | {} |\n", setting.name,
                        setting.applies == Applies::kOnReload ? " ↻" : "", setting.flag,
                        further_names(setting), initial, setting.help);
  }
  return text;
}

std::string settings_dotenv() {
  std::string text =
      "# Settings of mcp-sidecar, with their defaults after a #. Copy this file to .env, and "
      "remove the # of those you change.\n"
      "# All other variables here are passed to the wrapped server. Flags and the process "
      "environment override this file.\n"
      "# Times are milliseconds or end in ms, s, m, h, d; sizes are bytes or end in KB, MB, GB "
      "(powers of 1024).\n";
  std::optional<Group> group;
  for (const Setting& setting : settings_table()) {
    if (setting.group != group) {
      group = setting.group;
      text += fmt::format("\n# ---- {}\n", group_title(setting.group));
    }
    text += fmt::format("\n# {}\n", setting.help);
    text += setting.example.empty() ? fmt::format("#{}={}\n", setting.name, setting.initial)
                                    : fmt::format("{}={}\n", setting.name, setting.example);
  }
  return text;
}

std::string config_listing(const Loaded& loaded) {
  std::size_t name_width = 0;
  std::size_t value_width = 0;
  const auto table = settings_table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    name_width = std::max(name_width, table[i].name.size());
    value_width = std::max(
        value_width, std::min<std::size_t>(40, shown_value(table[i], loaded.origins[i]).size()));
  }
  std::string text;
  for (std::size_t i = 0; i < table.size(); ++i) {
    text += fmt::format("{:<{}}  {:<{}}  {}\n", table[i].name, name_width,
                        shown_value(table[i], loaded.origins[i]), value_width,
                        loaded.origins[i].describe());
  }
  for (const std::string& warning : loaded.warnings) text += "warning: " + warning + "\n";
  return text;
}

}  // namespace sidecar::config
