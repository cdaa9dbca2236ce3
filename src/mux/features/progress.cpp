#include "mux/features/progress.hpp"

#include <algorithm>
#include <cstdlib>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "mux/core/wire.hpp"

namespace sidecar::mux {

bool Progress::on_child_notification(const jsonrpc::Message& message) {
  if (message.method() != mcp::method::kProgress) return false;
  const auto id = number_of(message.envelope.progress_token.in(message.text));
  Call* call = id ? core_.calls().find(*id) : nullptr;
  if (call == nullptr || call->withdrawn || call->number == 0 || call->progress_token.empty()) {
    core_.drop("progress_of_unknown_call");
    return true;
  }
  core_.calls().move_due(*id, core_.timers().now() + call->timeout);
  if (call->repeatable || call->repeated) {
    // A repeated call starts from the beginning. Progress that its client has is not sent again.
    const jsonrpc::Span place = member(message.text, message.envelope.params, "progress");
    const double progress = std::strtod(std::string(place.in(message.text)).c_str(), nullptr);
    if (call->repeated && progress <= call->progress) {
      core_.drop("progress_of_repeated_call");
      return true;
    }
    call->progress = std::max(call->progress, progress);
  }
  core_.clients().deliver(
      {call->client, call},
      jsonrpc::splice(message.text, {{message.envelope.progress_token, call->progress_token}}));
  return true;
}

}  // namespace sidecar::mux
