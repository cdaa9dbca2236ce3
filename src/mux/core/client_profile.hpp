// ClientProfile: the version and capabilities that a client declared in its `initialize`. They
// decide which server requests it can receive. MCP 2025-11-25, Lifecycle, Capability Negotiation.
// A plain value.
#pragma once

#include <string>
#include <string_view>

#include "jsonrpc/message.hpp"

namespace sidecar::mux {

struct ClientProfile {
  std::string version;  // params.protocolVersion; empty: none
  bool sampling = false;
  bool elicitation = false;      // forms
  bool elicitation_url = false;  // MCP 2025-11-25, Elicitation, URL mode
  bool roots = false;
  bool tasks = false;

  // Whether it declares a capability that shared children of --sessions auto do not learn of.
  bool can_be_asked() const { return sampling || elicitation || elicitation_url; }
  // Whether it can receive this server request. `mode`: params.mode of an elicitation; empty: form.
  bool takes(std::string_view method, std::string_view mode) const;
};

// Reads an `initialize`. Members that are missing or have a wrong type count as not declared.
ClientProfile profile_of(const jsonrpc::Message& initialize);

// The client's `initialize` of a profile, for a client that sent its own to an earlier process.
jsonrpc::Message initialize_of(const ClientProfile& profile);

// Params of the `initialize` for a dedicated child: the client's, byte for byte, without `roots`
// unless they are allowed. Empty: the client's have no protocolVersion.
std::string dedicated_handshake_params(const jsonrpc::Message& initialize, bool allow_roots);

}  // namespace sidecar::mux
