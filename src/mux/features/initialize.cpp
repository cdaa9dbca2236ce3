#include "mux/features/initialize.hpp"

#include "mcp/protocol.hpp"
#include "mux/core/child_era.hpp"

namespace sidecar::mux {

std::optional<Answer> Initialize::on_request(ClientId client, jsonrpc::Message& message,
                                             Call& call) {
  ClientProfile profile = profile_of(message);
  call.subject = profile.version;
  core_.clients().set_profile(client, std::move(profile));
  return {};
}

bool Initialize::takes_over(WireId id, Call& call) {
  if (core_.takes_calls())
    core_.finish(id,
                 make_result(call.reply.client_id(), core_.era().initialize_result(call.subject)));
  return true;
}

void Initialize::answer_waiting() {
  for (const WireId id : core_.calls().all()) {
    const Call* call = core_.calls().find(id);  // an answer may have closed others
    if (call != nullptr && call->method == mcp::method::kInitialize) core_.dispatch(id);
  }
}

}  // namespace sidecar::mux
