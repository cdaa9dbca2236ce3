#include "config/keys.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "auth/secret.hpp"
#include "config/text.hpp"

namespace sidecar::config {
namespace {

constexpr std::string_view kAdmin = "admin";
constexpr std::string_view kAdminMark = ":admin";
constexpr std::string_view kAdminForm =
    "an administrator's key is written NAME:KEY:admin, the mark in lower case and without blanks";

bool is_admin_word(std::string_view text) { return lower_case(trimmed(text)) == kAdmin; }

// `rest`: an entry without its name, KEY or KEY:admin. A near miss of the mark ":admin" is refused,
// because it would silently become part of the secret.
Result<void> check_admin_mark(std::string_view rest, std::string_view which) {
  if (is_admin_word(rest)) return fail(fmt::format("{} is the word admin: {}", which, kAdminForm));
  const std::string_view last = rest.substr(rest.rfind(':') + 1);  // npos + 1: all of it
  if (last.size() < rest.size() && is_admin_word(last) && last != kAdmin)
    return fail(fmt::format("{} ends almost in :admin: {}", which, kAdminForm));
  return {};
}

// A key must pass through a header field unchanged.
Result<void> check_secret(std::string_view secret, std::string_view which) {
  if (secret.empty()) return fail(fmt::format("{} is empty", which));
  if (in_quotes(secret)) return fail(fmt::format("{} {}", which, kInQuotes));
  if (secret.size() > kMaxKeyBytes)
    return fail(fmt::format("{} is longer than {} bytes", which, kMaxKeyBytes));
  if (std::any_of(secret.begin(), secret.end(), control)) {
    return fail(fmt::format("{} holds a control character (a line end?), which no header can carry",
                            which));
  }
  if (trimmed(secret).size() != secret.size()) {
    return fail(
        fmt::format("{} begins or ends with white space, which no header can carry", which));
  }
  return {};
}

}  // namespace

bool is_key_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxKeyNameBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-' || c == '@';
         });
}

std::string unnamed_key_name(std::string_view secret) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(secret.data(), secret.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    std::abort();
  return fmt::format("{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
}

Result<std::vector<std::string>> parse_secrets(std::string_view text) {
  std::vector<std::string> secrets;
  for (const std::string_view item : list_items(text)) {
    if (item.size() < auth::Secret::kMinLength)
      return fail(fmt::format("a secret of less than {} characters; openssl rand -hex 32 makes one",
                              auth::Secret::kMinLength));
    secrets.emplace_back(item);
  }
  if (secrets.empty()) return fail("an empty list");
  return secrets;
}

Result<std::vector<Key>> parse_key_list(std::string_view text) {
  std::string commas(text);
  std::replace_if(
      commas.begin(), commas.end(), [](char c) { return c == '\n' || c == '\r'; }, ',');
  std::vector<Key> keys;
  std::size_t position = 0;
  for (std::string_view item : list_items(commas)) {
    const std::string which = fmt::format("key {}", ++position);
    if (keys.size() == kMaxKeys) return fail(fmt::format("more than {} keys", kMaxKeys));
    Key key;
    if (const auto colon = item.find(':'); colon != item.npos) {
      key.name = trimmed(item.substr(0, colon));
      item = trimmed(item.substr(colon + 1));
      if (!is_key_name(key.name)) {
        return fail(
            fmt::format("the name before the colon of {} must be 1–{} letters, digits or . _ - @",
                        which, kMaxKeyNameBytes));
      }
      if (auto fits = check_admin_mark(item, which); !fits) return tl::unexpected(fits.error());
      key.admin = item.ends_with(kAdminMark);
      if (key.admin) item = trimmed(item.substr(0, item.size() - kAdminMark.size()));
    }
    if (auto fits = check_secret(item, which); !fits) return tl::unexpected(fits.error());
    key.secret = item;
    if (key.name.empty()) key.name = unnamed_key_name(item);
    const auto same = std::find_if(keys.begin(), keys.end(),
                                   [&key](const Key& other) { return other.secret == key.secret; });
    if (same == keys.end()) {
      keys.push_back(std::move(key));
    } else if (same->name != key.name) {
      return fail(fmt::format("{} is the same as an earlier one under another name", which));
    } else {
      same->admin = same->admin || key.admin;
    }
  }
  if (keys.empty()) return fail("holds no key");
  return keys;
}

Result<std::vector<Key>> parse_single_key(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (auto fits = check_secret(text, "the key"); !fits) return tl::unexpected(fits.error());
  return std::vector<Key>{Key{unnamed_key_name(text), std::string(text)}};
}

}  // namespace sidecar::config
