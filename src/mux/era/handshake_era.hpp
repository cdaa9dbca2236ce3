// HandshakeEra: children of the revisions 2024-11-05 … 2025-11-25, which `initialize` opens. Calls
// keep the bytes that their client wrote, except for the id and the progress token.
// MCP 2025-11-25, Lifecycle, Initialization.
// Owned by Multiplexer. Loop thread only.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "mux/core/child_era.hpp"

namespace sidecar::mux {

class HandshakeEra final : public ChildEra {
 public:
  // Bytes of a client's cancellation, as it wrote it. The reason of a longer one is left out.
  static constexpr std::size_t kMaxCancel = 1024;

  // The params of the sidecar's `initialize`: the newest revision, and sampling and elicitation if
  // wanted.
  static std::string params(bool declares_sampling_and_elicitation);

  std::string opening(WireId id, std::string_view params) const override;
  // Errors: an error answer, or a result without a `protocolVersion`.
  Result<std::string> opened(const jsonrpc::Message& answer) override;
  std::string refusal(const jsonrpc::Message& answer) const override;
  void closed() override { open_ = false; }
  bool is_open() const override { return open_; }

  std::string encode(WireId id, Call& call) const override;
  std::string restore(WireId id, std::string line, const Call& call) const override;
  Answer decode(jsonrpc::Message answer, const Call& call) const override;
  std::string cancellation(WireId id, std::string_view reason) const override;
  std::string cancellation(WireId id, const jsonrpc::Message& of_client) const override;
  std::string_view probe() const override;

  std::string_view version() const override { return version_; }
  const std::optional<ServerIdentity>& identity() const override { return identity_; }
  bool declares(std::string_view capability) const override;
  bool promises_changes(std::string_view capability) const override;
  // The child's result, byte for byte except for `protocolVersion`.
  std::string initialize_result(std::string_view asked_version) const override;

 private:
  bool open_ = false;
  std::string result_;
  jsonrpc::Span version_at_;  // in result_
  std::string version_;
  std::optional<ServerIdentity> identity_;
  jsonrpc::Span capabilities_;  // in result_
  std::set<std::string, std::less<>> promised_;
};

}  // namespace sidecar::mux
