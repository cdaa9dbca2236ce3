#include "config/secrets.hpp"

#include <algorithm>
#include <string.h>
#include <string_view>
#include <utility>

#include "config/masked_urls.hpp"
#include "config/text.hpp"

namespace sidecar::config {
namespace {

constexpr std::string_view kEndOfFlags = "--";
constexpr std::string_view kFileSuffix = "_FILE";

void overwrite(char* text) { ::explicit_bzero(text, std::string_view(text).size()); }

bool is_secret_flag(std::string_view flag) {
  const auto table = settings_table();
  return std::any_of(table.begin(), table.end(), [flag](const Setting& setting) {
    return setting.secret == Secret::kYes && setting.flag == flag;
  });
}

void overwrite_variables(char* const* environment) {
  const auto secrets = secret_names();
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    const auto equals = variable.find('=');
    if (equals == variable.npos) continue;
    if (std::find(secrets.begin(), secrets.end(), variable.substr(0, equals)) != secrets.end())
      overwrite(*environment + equals + 1);
  }
}

// --flag VALUE and --flag=VALUE
void overwrite_flags(char* const* arguments) {
  bool is_value = false;
  for (; *arguments != nullptr; ++arguments) {
    const std::string_view argument = *arguments;
    if (argument == kEndOfFlags) return;
    if (std::exchange(is_value, false)) {
      overwrite(*arguments);
      continue;
    }
    const auto equals = std::min(argument.find('='), argument.size());
    if (!is_secret_flag(argument.substr(0, equals))) continue;
    if (equals < argument.size())
      overwrite(*arguments + equals + 1);
    else
      is_value = true;
  }
}

}  // namespace

std::vector<std::string> secret_names() {
  std::vector<std::string> names;
  const auto add = [&names](std::string_view name) {
    if (name.empty()) return;
    names.emplace_back(name);
    names.push_back(std::string(name) + std::string(kFileSuffix));
  };
  for (const Setting& setting : settings_table()) {
    if (setting.secret != Secret::kYes) continue;
    add(setting.name);
    for (const std::string_view alias : setting.aliases) add(alias);
  }
  return names;
}

std::string shown_value(const Setting& setting, const Origin& origin) {
  if (setting.secret == Secret::kYes) {
    const bool initial =
        origin.place == Place::kDefault || origin.fingerprint == fingerprint_of(setting.initial);
    return initial ? std::string(setting.initial) : "(hidden)";
  }
  std::string text = origin.masked_text();
  std::replace_if(text.begin(), text.end(), control, '?');
  return text;
}

void overwrite_secrets(char* const* environment, char* const* arguments) {
  overwrite_variables(environment);
  overwrite_flags(arguments);
}

}  // namespace sidecar::config
