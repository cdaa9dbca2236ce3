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

constexpr std::size_t kMinSecretBytes = 4;  // bytes
constexpr std::string_view kMask = "***";

// Of scheme://user:password@host/…
std::string_view password_in(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == url.npos) return {};
  const std::string_view rest = url.substr(begin + 3);
  const auto at = rest.substr(0, rest.find_first_of("/?#")).rfind('@');
  if (at == rest.npos) return {};
  const auto colon = rest.substr(0, at).find(':');
  return colon == rest.npos ? rest.substr(0, at) : rest.substr(colon + 1, at - colon - 1);
}

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

std::string without_secrets(std::string text, const Settings& settings) {
  if (text.empty()) return text;
  std::vector<std::string_view> secrets;
  for (const auto* keys : {&settings.access.keys, &settings.access.admin_keys}) {
    for (const Key& key : *keys) secrets.emplace_back(key.secret);
  }
  secrets.insert(secrets.end(), settings.state.secrets.begin(), settings.state.secrets.end());
  for (const std::string_view variable : settings.command.variables)
    secrets.push_back(variable.substr(variable.find('=') + 1));
  secrets.emplace_back(settings.audit.hash_key);
  for (const std::string* url :
       {&settings.audit.address, &settings.access.jwks, &settings.listen.public_url})
    secrets.push_back(password_in(*url));
  // The longest first, because one may be a part of another.
  std::sort(secrets.begin(), secrets.end(),
            [](std::string_view a, std::string_view b) { return a.size() > b.size(); });
  for (const std::string_view secret : secrets) {
    if (secret.size() < kMinSecretBytes) break;
    for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at + kMask.size()))
      text.replace(at, secret.size(), kMask);
  }
  return text;
}

void overwrite_secrets(char* const* environment, char* const* arguments) {
  overwrite_variables(environment);
  overwrite_flags(arguments);
}

}  // namespace sidecar::config
