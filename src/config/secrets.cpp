#include "config/secrets.hpp"

#include <algorithm>
#include <string.h>
#include <string_view>
#include <utility>

#include "config/command.hpp"
#include "config/text.hpp"

namespace sidecar::config {
namespace {

constexpr std::string_view kEndOfFlags = "--";
constexpr std::string_view kFileSuffix = "_FILE";

void overwrite(char* text, Secret secret) {
  const std::string_view value = text;
  if (secret == Secret::kYes) ::explicit_bzero(text, value.size());
  if (secret != Secret::kInCommand) return;
  for (const std::string_view part : variable_values(value))
    ::explicit_bzero(text + (part.data() - value.data()), part.size());
}

Secret secret_of(std::string_view flag) {
  const auto table = settings_table();
  const auto row = std::find_if(table.begin(), table.end(),
                                [flag](const Setting& setting) { return setting.flag == flag; });
  return row == table.end() ? Secret::kNo : row->secret;
}

void overwrite_variables(char* const* environment) {
  const auto secrets = secret_names();
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    const auto equals = variable.find('=');
    if (equals == variable.npos) continue;
    if (std::find(secrets.begin(), secrets.end(), variable.substr(0, equals)) != secrets.end())
      overwrite(*environment + equals + 1, Secret::kYes);
  }
}

// --flag VALUE and --flag=VALUE
void overwrite_flags(char* const* arguments) {
  Secret of_flag = Secret::kNo;  // of the flag that stands before the argument
  for (; *arguments != nullptr; ++arguments) {
    const std::string_view argument = *arguments;
    if (argument == kEndOfFlags) return;
    if (const Secret secret = std::exchange(of_flag, Secret::kNo);
        secret == Secret::kYes || secret == Secret::kInCommand) {
      overwrite(*arguments, secret);
      continue;
    }
    const auto equals = std::min(argument.find('='), argument.size());
    const Secret secret = secret_of(argument.substr(0, equals));
    if (equals < argument.size())
      overwrite(*arguments + equals + 1, secret);
    else
      of_flag = secret;
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
