#include "access/keys_file.hpp"

#include <algorithm>
#include <ctime>
#include <fmt/chrono.h>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "config/keys.hpp"
#include "config/text.hpp"
#include "util/encoding.hpp"

namespace sidecar::access {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kParts[] = {"tools", "resources", "prompts"};

using Right = bool auth::Permissions::*;
constexpr std::pair<const char*, Right> kRights[] = {{"admin", &auth::Permissions::admin},
                                                     {"metrics", &auth::Permissions::metrics},
                                                     {"readOnly", &auth::Permissions::read_only}};

// nullptr if no boolean member has that name.
Right right_of(std::string_view member) {
  for (const auto& [name, right] : kRights) {
    if (member == name) return right;
  }
  return nullptr;
}

auth::NameRules& part_of(auth::Permissions& permissions, std::string_view part) {
  if (part == "tools") return permissions.tools;
  return part == "resources" ? permissions.resources : permissions.prompts;
}

bool known(std::string_view member, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), member) != names.end();
}

Result<std::vector<std::string>> patterns(const Json& list, const std::string& where) {
  std::vector<std::string> all;
  if (!list.is_array()) return fail(where + " must be a list of patterns");
  for (const Json& each : list) {
    if (!each.is_string()) return fail(where + " must hold patterns, each a text");
    if (auto fits = check_pattern(each.get_ref<const std::string&>()); !fits)
      return fail(where + ": " + fits.error().message);
    all.push_back(each.get<std::string>());
  }
  return all;
}

Result<auth::NameRules> name_rules(const Json& value, const std::string& where) {
  auth::NameRules rules;
  if (!value.is_object()) return fail(where + R"( must be an object with "allow" or "deny")");
  for (const auto& [member, list] : value.items()) {
    if (!known(member, {"allow", "deny"}))
      return fail(where + ": unknown member " + config::shown(member));
    auto read = patterns(list, fmt::format("{}.{}", where, member));
    if (!read) return tl::unexpected(read.error());
    // NameRules would take an empty allow list as no restriction.
    if (member == "allow" && read->empty())
      return fail(where + ".allow is empty: leave it out to allow all");
    (member == "allow" ? rules.allow : rules.deny) = std::move(*read);
  }
  return rules;
}

std::optional<KeyHash> parse_hash(const std::string& text) {
  KeyHash hash{};
  if (text.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    unsigned value = 0;
    for (const char c : text.substr(2 * i, 2)) {
      if (c >= '0' && c <= '9')
        value = value * 16 + static_cast<unsigned>(c - '0');
      else if (c >= 'a' && c <= 'f')
        value = value * 16 + static_cast<unsigned>(c - 'a') + 10;
      else
        return std::nullopt;
    }
    hash[i] = static_cast<unsigned char>(value);
  }
  return hash;
}

Result<StoredKey> parse_key(const Json& value, const std::string& which) {
  if (!value.is_object()) return fail(which + " must be an object");
  StoredKey key;
  auth::Permissions permissions;
  bool hashed = false;
  for (const auto& [member, content] : value.items()) {
    const std::string where = which + "." + config::shown(member);
    if (member == "name") {
      if (!content.is_string() || !config::is_key_name(content.get_ref<const std::string&>()))
        return fail(where + " must be 1–64 letters, digits or . _ - @");
      key.name = content.get<std::string>();
    } else if (member == "sha256") {
      const auto hash = content.is_string() ? parse_hash(content.get<std::string>()) : std::nullopt;
      if (!hash) return fail(where + " must be the key's SHA-256 as 64 lower-case hex digits");
      key.hash = *hash;
      hashed = true;
    } else if (member == "expires") {
      const auto time = content.is_string() ? parse_time(content.get<std::string>())
                                            : Result<std::chrono::sys_seconds>(fail(""));
      if (!time) return fail(where + " must be a time such as 2027-01-31T00:00:00Z");
      key.expires = *time;
    } else if (const auto right = right_of(member)) {
      if (!content.is_boolean()) return fail(where + " must be true or false");
      permissions.*right = content.get<bool>();
    } else if (known(member, {"tools", "resources", "prompts"})) {
      auto rules = name_rules(content, where);
      if (!rules) return tl::unexpected(rules.error());
      part_of(permissions, member) = std::move(*rules);
    } else {
      return fail(which + ": unknown member " + config::shown(member));
    }
  }
  if (key.name.empty()) return fail(which + " has no name");
  if (!hashed) return fail(which + " has no sha256");
  key.permissions = std::make_shared<auth::Permissions>(std::move(permissions));
  return key;
}

// nlohmann keeps the last of two members with one name; a reader may see only the first.
bool has_duplicates(std::string_view text) {
  std::vector<std::set<std::string>> open;
  bool found = false;
  const auto watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open.emplace_back();
    if (event == Json::parse_event_t::object_end) open.pop_back();
    if (event != Json::parse_event_t::key) return true;
    if (!open.back().insert(value.get<std::string>()).second) found = true;
    return true;
  };
  const Json parsed = Json::parse(text, watch, false);
  return found || parsed.is_discarded();
}

int depth_of(std::string_view text) {
  int depth = 0, deepest = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if (c == ']' || c == '}') --depth;
  }
  return deepest;
}

}  // namespace

Result<std::vector<StoredKey>> parse_keys_file(std::string_view text) {
  if (text.size() > kMaxKeysFile) return fail("the file is too large");
  constexpr int kMaxDepth = 100;  // brackets inside strings count too
  const Json file = depth_of(text) > kMaxDepth ? Json(Json::value_t::discarded)
                                               : Json::parse(text, nullptr, false);
  if (file.is_discarded()) return fail("not valid JSON");
  if (!file.is_object() || !file.contains("keys") || !file["keys"].is_array() || file.size() != 1)
    return fail(R"(must be {"keys": [...]})");
  if (has_duplicates(text)) return fail("an object has two members of one name");
  std::vector<StoredKey> keys;
  for (const Json& each : file["keys"]) {
    const std::string which = fmt::format("keys[{}]", keys.size());
    if (keys.size() == config::kMaxKeys)
      return fail(fmt::format("more than {} keys", config::kMaxKeys));
    auto key = parse_key(each, which);
    if (!key) return tl::unexpected(key.error());
    const bool twice = std::any_of(keys.begin(), keys.end(), [&key](const StoredKey& other) {
      return other.hash == key->hash;
    });
    if (twice) return fail(which + " is the same as an earlier one");
    keys.push_back(std::move(*key));
  }
  return keys;
}

Result<void> check_pattern(std::string_view pattern) {
  if (pattern.empty()) return fail("a pattern is empty");
  if (pattern.find('\0') != pattern.npos) return fail("a pattern holds a zero byte");
  try {
    static_cast<void>(Json(pattern).dump());
  } catch (const Json::type_error&) {
    return fail("a pattern is not UTF-8");
  }
  return {};
}

std::string keys_file_text(const std::vector<StoredKey>& keys) {
  Json list = Json::array();
  for (const StoredKey& key : keys) {
    Json each = {{"name", key.name}, {"sha256", hex(key.hash)}};
    if (key.expires) each["expires"] = time_text(*key.expires);
    auth::Permissions permissions = *key.permissions;
    for (const auto& [member, right] : kRights) {
      if (permissions.*right) each[member] = true;
    }
    for (const char* part : kParts) {
      const auth::NameRules& rules = part_of(permissions, part);
      if (!rules.allow.empty()) each[part]["allow"] = rules.allow;
      if (!rules.deny.empty()) each[part]["deny"] = rules.deny;
    }
    list.push_back(std::move(each));
  }
  return Json{{"keys", std::move(list)}}.dump(2) + "\n";
}

Result<std::chrono::sys_seconds> parse_time(std::string_view text) {
  const std::string whole =
      text.size() == 10 ? std::string(text) + "T00:00:00Z" : std::string(text);
  std::tm parts{};
  const char* end = ::strptime(whole.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (whole.size() != 20 || end != whole.c_str() + whole.size()) return fail("not a time");
  const std::tm asked = parts;
  const std::time_t seconds = ::timegm(&parts);
  // timegm turns the 31st of February into a day of March.
  if (parts.tm_mday != asked.tm_mday || parts.tm_sec != asked.tm_sec) return fail("not a time");
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

std::string time_text(std::chrono::sys_seconds time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::time_t{time.time_since_epoch().count()}));
}

}  // namespace sidecar::access
