#include "app/keys_command.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "app/watched_file.hpp"
#include "config/keys.hpp"
#include "util/crypto.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::app {
namespace {

constexpr std::size_t kKeyBytes = 32;  // random ones
constexpr std::string_view kKeyPrefix = "mcp_";

using StoredKeys = std::vector<access::StoredKey>;

Result<void> write(const std::filesystem::path& path, const StoredKeys& keys) {
  const std::string text = access::keys_file_text(keys);
  // A file that the sidecar refuses would keep it from starting.
  if (const auto readable = access::parse_keys_file(text); !readable)
    return fail("the keys file would not be readable: " + readable.error().message);
  const std::filesystem::path beside = path.string() + ".new-" + random_hex(4);
  const auto failed = [&beside](std::string_view what) {
    const int error = errno;
    ::unlink(beside.c_str());
    return fail(fmt::format("cannot {} {}: {}", what, beside.string(),
                            std::generic_category().message(error)));
  };
  struct stat before {};
  const bool exists = ::stat(path.c_str(), &before) == 0;
  const UniqueFd file(::open(beside.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  const int fd = file.get();
  if (fd < 0) return failed("create");
  // Owner and mode stay, so that the sidecar can still read the file.
  const bool owned =
      !exists || (::fchmod(fd, before.st_mode & 07777) == 0 &&
                  (::fchown(fd, before.st_uid, before.st_gid) == 0 || ::geteuid() != 0));
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!owned || !written || ::fsync(fd) != 0) return failed("write");
  if (::rename(beside.c_str(), path.c_str()) != 0) return failed("rename");
  return {};
}

Result<std::optional<std::chrono::sys_seconds>> expiry(const std::string& text,
                                                       access::WallTime now) {
  if (text.empty()) return std::optional<std::chrono::sys_seconds>();
  if (text.ends_with('d')) {
    constexpr int kMaxDays = 36'500;
    int days = 0;
    const char* end = text.data() + text.size() - 1;
    const auto [stop, error] = std::from_chars(text.data(), end, days);
    if (error == std::errc() && stop == end && days > 0 && days <= kMaxDays)
      return std::optional(std::chrono::floor<std::chrono::seconds>(now) + std::chrono::days(days));
  } else if (const auto time = access::parse_time(text)) {
    if (*time <= now) return fail("--expires is in the past: the key would never be accepted");
    return std::optional(*time);
  }
  return fail(
      "--expires must be a number of days such as 90d, or a time such as 2027-01-31T00:00:00Z");
}

Result<std::string> make(const KeysCommand& command, StoredKeys keys, access::WallTime now) {
  if (const auto fits = check(command, now); !fits) return tl::unexpected(fits.error());
  if (keys.size() >= config::kMaxKeys)
    return fail(fmt::format("the file holds {} keys already", keys.size()));
  const auto expires = expiry(command.expires, now);
  if (!expires) return tl::unexpected(expires.error());
  const std::string secret = std::string(kKeyPrefix) + random_hex(kKeyBytes);
  keys.push_back({command.name, access::hash_of(secret), *expires,
                  std::make_shared<auth::Permissions>(command.permissions)});
  if (const auto written = write(command.file, keys); !written)
    return tl::unexpected(written.error());
  return secret + "\n";
}

Result<std::string> revoke(const KeysCommand& command, StoredKeys keys) {
  const std::size_t before = keys.size();
  std::erase_if(keys,
                [&command](const access::StoredKey& key) { return key.name == command.name; });
  if (keys.size() == before) return fail(fmt::format("no key is named \"{}\"", command.name));
  if (const auto written = write(command.file, keys); !written)
    return tl::unexpected(written.error());
  return fmt::format("{} revoked\n", before - keys.size());
}

std::string listing(const StoredKeys& keys, access::WallTime now) {
  std::string text;
  for (const access::StoredKey& key : keys) {
    const auth::Permissions& may = *key.permissions;
    text += fmt::format(
        "{}  sha256 {:02x}{:02x}{:02x}{:02x}…  {}{}{}{}{}\n", key.name, key.hash[0], key.hash[1],
        key.hash[2], key.hash[3],
        key.expires ? (key.expired(now) ? "expired " : "expires ") + access::time_text(*key.expires)
                    : "never expires",
        may.admin ? "  admin" : "", may.metrics ? "  metrics" : "",
        may.read_only ? "  read-only" : "",
        may.tools.empty() && may.resources.empty() && may.prompts.empty() ? "" : "  restricted");
  }
  return text;
}

}  // namespace

Result<void> check(const KeysCommand& command, access::WallTime now) {
  if (command.action != KeysCommand::Action::kNew) return {};
  if (!config::is_key_name(command.name))
    return fail("the name must be 1–64 letters, digits or . _ - @");
  if (const auto expires = expiry(command.expires, now); !expires)
    return tl::unexpected(expires.error());
  const auth::Permissions& may = command.permissions;
  const std::pair<const char*, const std::vector<std::string>*> lists[] = {
      {"--allow-tools", &may.tools.allow},         {"--deny-tools", &may.tools.deny},
      {"--allow-resources", &may.resources.allow}, {"--deny-resources", &may.resources.deny},
      {"--allow-prompts", &may.prompts.allow},     {"--deny-prompts", &may.prompts.deny}};
  for (const auto& [flag, patterns] : lists) {
    for (const std::string& pattern : *patterns) {
      if (const auto fits = access::check_pattern(pattern); !fits) {
        return fail(
            fmt::format("{}: {} (a comma list such as get_*,list_*)", flag, fits.error().message));
      }
    }
  }
  return {};
}

Result<std::string> run(const KeysCommand& command, access::WallTime now) {
  if (command.file.empty()) return fail("no keys file: set MCP_KEYS_FILE or --keys-file");
  std::error_code error;
  StoredKeys keys;
  if (command.action != KeysCommand::Action::kNew || std::filesystem::exists(command.file, error)) {
    auto read = read_keys_file(command.file);
    if (!read) return tl::unexpected(read.error());
    keys = std::move(*read);
  }
  if (command.action == KeysCommand::Action::kNew) return make(command, std::move(keys), now);
  if (command.action == KeysCommand::Action::kRevoke) return revoke(command, std::move(keys));
  return listing(keys, now);
}

}  // namespace sidecar::app
