#include "config/describe.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "config/reload.hpp"
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
      "Times are milliseconds or end in `ms`, `s`, `m`, `h`; sizes are bytes or end in `KB`, `MB`, "
      "`GB` (of "
      "1024).\n"
      "Secrets can come from a file: add `_FILE` to the variable, or `-file` to the flag, and give "
      "its "
      "path.\n"
      "Those with a ↻ change while the program runs, on [SIGHUP](#reload); the others at its next "
      "start.\n";
  std::optional<Group> group;
  for (const Setting& setting : settings_table()) {
    if (setting.group != group) {
      group = setting.group;
      text += fmt::format(
          "\n**{}**\n\n| Variable | Flag | Also read | Default | Meaning |\n| --- | --- | --- | "
          "--- | --- "
          "|\n",
          group_title(setting.group));
    }
    const std::string initial = setting.initial.empty() ? "" : fmt::format("`{}`", setting.initial);
    text += fmt::format("| `{}`{} | `{}` | {} | {} | {} |\n", setting.name,
                        reloadable(setting.name) ? " ↻" : "", setting.flag, further_names(setting),
                        initial, setting.help);
  }
  return text;
}

std::string settings_dotenv() {
  std::string text =
      "# Settings of mcp-sidecar. Behind a # stands a default: copy this file to .env and take the "
      "# off "
      "what "
      "you change.\n"
      "# Any other variable here is for the wrapped server. Flags and the process environment win "
      "over this "
      "file.\n"
      "# Times are milliseconds or end in ms, s, m, h; sizes are bytes or end in KB, MB, GB (of "
      "1024).\n";
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
