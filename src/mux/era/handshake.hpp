// Handshake: the sidecar's own `initialize` with the child, and the answers that clients get from
// it. MCP 2025-11-25, Lifecycle, Initialization. Knows the child's InitializeResult; sends nothing.
// Owned by Multiplexer. Loop thread only.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "jsonrpc/message.hpp"
#include "util/result.hpp"

namespace sidecar::mux {

struct ServerIdentity {
  static constexpr std::size_t kMaxWord = 200;  // bytes of each
  std::string name;
  std::string version;
  std::string protocol_version;
};

class Handshake {
 public:
  // The params of the sidecar's own `initialize`: the newest revision, and what clients may be
  // asked for.
  static std::string params(bool declares_sampling_and_elicitation);

  // Takes the child's answer. Errors: an error answer, or a result without a `protocolVersion`.
  Result<void> finish(const jsonrpc::Message& answer);
  void reset() { done_ = false; }

  bool done() const { return done_; }
  std::string_view version() const { return version_; }
  // What the child says that it is. Kept after reset().
  const std::optional<ServerIdentity>& identity() const { return identity_; }
  // Whether the child's capabilities have a member of that name. Keeps what it knew after reset().
  bool declares(std::string_view capability) const;
  // Whether the child tells when the lists of a capability change: `listChanged` of it.
  bool promises_changes(std::string_view capability) const;

  // The child's InitializeResult for a client that asks for a version; all bytes but
  // `protocolVersion` as they came.
  std::string result_for(std::string_view asked_version) const;

 private:
  bool done_ = false;
  std::string result_;
  jsonrpc::Span version_at_;  // in result_
  std::string version_;
  std::optional<ServerIdentity> identity_;
  jsonrpc::Span capabilities_;  // in result_
  std::set<std::string, std::less<>> promised_;
};

}  // namespace sidecar::mux
