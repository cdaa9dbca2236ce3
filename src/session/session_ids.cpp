#include "session/session_ids.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <openssl/crypto.h>

#include "mcp/protocol.hpp"
#include "util/crypto.hpp"

namespace sidecar::session {
namespace {

constexpr std::size_t kMacDigits = 16;
constexpr std::size_t kSignedDigits = SessionIds::kDigits - kMacDigits;
constexpr std::size_t kMinuteAt = SessionIds::kRandomDigits;
constexpr std::size_t kVersionAt = kMinuteAt + 8 + 8;
constexpr std::size_t kProfileAt = kVersionAt + 2;

// In the order of their bits.
constexpr std::array kCapabilities = {
    &mux::ClientProfile::sampling, &mux::ClientProfile::elicitation,
    &mux::ClientProfile::elicitation_url, &mux::ClientProfile::roots, &mux::ClientProfile::tasks};

// REQUIRES: hex digits.
std::uint64_t number(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

bool has_form(std::string_view id) {
  return id.size() == SessionIds::kDigits && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::uint64_t mac_number(std::string_view id) { return number(id.substr(kSignedDigits)); }

std::int64_t minute_of(std::chrono::system_clock::time_point time) {
  return std::chrono::floor<std::chrono::minutes>(time).time_since_epoch().count();
}

}  // namespace

SessionIds::SessionIds(const auth::Secret& secret, Options options)
    : keys_(secret.keys("session ids")), options_(std::move(options)) {}

std::string SessionIds::random_part() { return random_hex(kRandomDigits / 2); }

std::string SessionIds::seal(std::string_view random, const mux::ClientProfile& profile,
                             std::string_view owner) const {
  const auto& versions = mcp::kHandshakeVersions;
  const auto version =
      std::find(versions.begin(), versions.end(), profile.version) - versions.begin();
  unsigned capabilities = 0;
  for (std::size_t bit = 0; bit < kCapabilities.size(); ++bit) {
    if (profile.*kCapabilities[bit]) capabilities |= 1U << bit;
  }
  const std::string digits = fmt::format("{}{:08x}{}{:02x}{:02x}0000", random,
                                         static_cast<std::uint32_t>(minute_of(options_.now())),
                                         options_.process, version, capabilities);
  return digits + mac(keys_.front(), digits, owner);
}

std::optional<mux::ClientProfile> SessionIds::verify(std::string_view id,
                                                     std::string_view owner) const {
  if (options_.valid == std::chrono::milliseconds::zero() || !authentic(id, owner) ||
      end_of(id) != 0)
    return std::nullopt;
  const std::uint64_t version = number(id.substr(kVersionAt, 2));
  const auto issued = static_cast<std::int64_t>(number(id.substr(kMinuteAt, 8)));
  const std::chrono::minutes age(minute_of(options_.now()) - issued);
  if (version >= mcp::kHandshakeVersions.size() || age >= options_.valid) return std::nullopt;
  mux::ClientProfile profile;
  profile.version = mcp::kHandshakeVersions[version];
  // Clients whose capabilities this program cannot restore are served as without any.
  if (number(id.substr(kProfileAt + 2, 4)) != 0) return profile;
  const std::uint64_t capabilities = number(id.substr(kProfileAt, 2));
  for (std::size_t bit = 0; bit < kCapabilities.size(); ++bit)
    profile.*kCapabilities[bit] = (capabilities >> bit & 1U) != 0;
  return profile;
}

bool SessionIds::authentic(std::string_view id, std::string_view owner) const {
  if (!has_form(id)) return false;
  const std::string_view digits = id.substr(0, kSignedDigits);
  return std::any_of(keys_.begin(), keys_.end(), [&](const std::string& key) {
    return CRYPTO_memcmp(mac(key, digits, owner).data(), id.data() + kSignedDigits, kMacDigits) ==
           0;
  });
}

std::string SessionIds::mac(std::string_view key, std::string_view digits,
                            std::string_view owner) const {
  const std::string& server = options_.server;
  const std::string text = fmt::format("{}:{}{}:{}{}:{}", digits.size(), digits, server.size(),
                                       server, owner.size(), owner);
  return hmac_sha256_hex(key, text).substr(0, kMacDigits);
}

void SessionIds::note_end(std::string_view id, bool by_client) {
  if (!has_form(id) || end_of(id) != 0) return;
  const std::uint64_t entry = (mac_number(id) & ~std::uint64_t{1}) | (by_client ? 1 : 0);
  if (ended_.size() < kRemembered) {
    ended_.reserve(kRemembered);
    ended_.push_back(entry);
    return;
  }
  ended_[oldest_] = entry;
  oldest_ = (oldest_ + 1) % kRemembered;
}

std::uint64_t SessionIds::end_of(std::string_view id) const {
  const std::uint64_t sought = mac_number(id) | 1;
  const auto found = std::find_if(ended_.begin(), ended_.end(),
                                  [sought](std::uint64_t each) { return (each | 1) == sought; });
  return found == ended_.end() ? 0 : *found;
}

bool SessionIds::ended_by_client(std::string_view id, std::string_view owner) const {
  return authentic(id, owner) && (end_of(id) & 1) != 0;
}

}  // namespace sidecar::session
