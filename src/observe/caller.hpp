// Caller: on whose behalf a request runs, as far as the gate could tell. What sessions are owned
// by, and what log lines, metrics and limits are about. Never holds a secret.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/permissions.hpp"
#include "observe/trace_context.hpp"

namespace sidecar::observe {

struct Caller {
  std::string owner;  // the key's name; empty when no keys are configured
  // effective client address (behind a trusted proxy: the forwarded one), text form
  std::string address;
  bool has_key = false;        // a valid key was shown, or a valid token
  bool loopback = false;       // the effective address is a loopback one
  bool admin = false;          // may do what config::Permissions::admin says
  bool by_stored_key = false;  // the key is one that can be revoked
  // Of the whole sidecar, and of the key. What both allow is allowed; none: everything.
  std::vector<std::shared_ptr<const config::Permissions>> permissions{};

  TraceContext trace{};               // of this very request
  std::uint64_t key_fingerprint = 0;  // by_stored_key: which of the owner's keys it is
  // When the access token that was shown stops being good; without one nothing.
  std::optional<std::chrono::system_clock::time_point> expires{};
  bool metrics = false;  // may do what config::Permissions::metrics says

  bool operator==(const Caller&) const = default;

  // Whose share of common limits it uses (util/shares.hpp): the key's, or without one the
  // address's.
  const std::string& share_owner() const { return has_key ? owner : address; }
  bool restricted() const {
    return std::any_of(permissions.begin(), permissions.end(),
                       [](const auto& each) { return each->restricts(); });
  }
  bool read_only() const {
    return std::any_of(permissions.begin(), permissions.end(),
                       [](const auto& each) { return each->read_only; });
  }
  // `part`: Permissions::tools, resources or prompts.
  bool may(config::NameRules config::Permissions::*part, std::string_view name) const {
    return std::all_of(permissions.begin(), permissions.end(),
                       [&](const auto& each) { return ((*each).*part).allows(name); });
  }
};

}  // namespace sidecar::observe
