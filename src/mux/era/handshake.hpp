// Handshake: the child's InitializeResult, and the answers to clients' `initialize` made from it.
// MCP 2025-11-25, Lifecycle, Initialization. Sends nothing.
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
  static constexpr std::size_t kMaxWord = 200;  // bytes of each member
  std::string name;
  std::string version;
  std::string protocol_version;
};

class Handshake {
 public:
  // The params of the sidecar's `initialize`: the newest revision, and sampling and elicitation if
  // wanted.
  static std::string params(bool declares_sampling_and_elicitation);

  // Takes the child's answer. Errors: an error answer, or a result without a `protocolVersion`.
  Result<void> finish(const jsonrpc::Message& answer);
  void reset() { done_ = false; }

  bool done() const { return done_; }
  std::string_view version() const { return version_; }
  // The child's serverInfo. Kept after reset(); nullopt before the first handshake.
  const std::optional<ServerIdentity>& identity() const { return identity_; }
  // Whether the child declared this capability. Kept after reset().
  bool declares(std::string_view capability) const;
  // Whether the child declared `listChanged` for this capability.
  bool promises_changes(std::string_view capability) const;

  // The InitializeResult for a client that asks for this version: the child's, byte for byte except
  // for `protocolVersion`.
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
