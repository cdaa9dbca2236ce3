// ClientProfile: what a client said of itself in its `initialize`: for which requests of the child
// it can be asked. MCP 2025-11-25, Lifecycle, Capability Negotiation.
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

  // Has something that a shared child of --sessions auto is never told of.
  bool can_be_asked() const { return sampling || elicitation || elicitation_url; }
  // Whether a request of the child may go to it. `mode`: params.mode of an elicitation; empty: a
  // form.
  bool takes(std::string_view method, std::string_view mode) const;
};

// Of an `initialize`; what is missing or of a wrong type counts as not declared.
ClientProfile profile_of(const jsonrpc::Message& initialize);

// Params of an `initialize` for a child of the client's own: the client's, to the byte, without
// `roots` unless they are allowed. Empty: the client sent none that are of use.
std::string dedicated_handshake_params(const jsonrpc::Message& initialize, bool allow_roots);

}  // namespace sidecar::mux
