// ChildEra: what depends on the protocol era of a child: how a process is opened, how calls and
// cancellations are written and answers read, how the child is probed, and what it declared.
// Everything else in the multiplexer is the same for all eras. Sends nothing. Owned by Multiplexer.
// Loop thread only.
//
// Call::line is in the client's form until the call is handed to the child, so that a call that
// waits can be sent to a process of another era.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jsonrpc/message.hpp"
#include "mux/core/call.hpp"
#include "mux/core/in_flight.hpp"
#include "util/result.hpp"

namespace sidecar::mux {

struct ServerIdentity {
  static constexpr std::size_t kMaxWord = 200;  // bytes of each member
  std::string name;
  std::string version;
  std::string protocol_version;
};

class ChildEra {
 public:
  virtual ~ChildEra() = default;

  // The first request to a new process. `params`: as given to Multiplexer::initialize().
  virtual std::string opening(WireId id, std::string_view params) const = 0;
  // Takes its answer and returns the line to send before all others. Errors: the process cannot be
  // used; the text completes "the MCP server …" and has no words of the child.
  virtual Result<std::string> opened(const jsonrpc::Message& answer) = 0;
  // The child's own words in an answer that opened() does not take; empty: it gives none.
  virtual std::string refusal(const jsonrpc::Message& answer) const = 0;
  // The process has ended.
  virtual void closed() = 0;
  virtual bool is_open() const = 0;

  // Takes Call::line and returns the child's form of it.
  virtual std::string encode(WireId id, Call& call) const = 0;
  // The client's form of a line of encode() that the child did not read.
  virtual std::string restore(WireId id, std::string line, const Call& call) const = 0;
  // The client's form of the child's answer. Requires kind kResult or kError.
  virtual Answer decode(jsonrpc::Message answer, const Call& call) const = 0;
  // The message that withdraws a call: made by the sidecar, or from the client's.
  virtual std::string cancellation(WireId id, std::string_view reason) const = 0;
  virtual std::string cancellation(WireId id, const jsonrpc::Message& of_client) const = 0;
  // The method of a request that a working child answers at once.
  virtual std::string_view probe() const = 0;

  // The following stay as they are after closed().

  // The protocol revision of the child; empty before the first process was opened.
  virtual std::string_view version() const = 0;
  // nullopt before the first process was opened.
  virtual const std::optional<ServerIdentity>& identity() const = 0;
  // Whether the child declared this capability, and `listChanged` for it.
  virtual bool declares(std::string_view capability) const = 0;
  virtual bool promises_changes(std::string_view capability) const = 0;
  // The InitializeResult for a client that asks for this version.
  virtual std::string initialize_result(std::string_view asked_version) const = 0;
};

}  // namespace sidecar::mux
