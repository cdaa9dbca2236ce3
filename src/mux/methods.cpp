// Multiplexer: initialize and lists.
#include "mcp/protocol.hpp"
#include "mux/multiplexer.hpp"

namespace sidecar::mux {

namespace method = mcp::method;

void Multiplexer::note_initialize(ClientId client, const jsonrpc::Message& message, Call& call) {
  ClientProfile profile = profile_of(message);
  call.asked_version = profile.version;
  if (const auto entry = clients_.find(client); entry != clients_.end())
    entry->second.profile = std::move(profile);
}

void Multiplexer::listed(WireId id, Call& call, Answer& answer) {
  if (answer.outcome != Outcome::kResult) return;
  if (call.method == method::kToolsList)
    tools_.learn(answer.text, answer.payload, call.subject == method::kToolsList);
  if (call.subject.empty()) return;
  if (lists_.store(call.subject, id, answer.payload.in(answer.text)))
    answer.list_version = list_version(call.method);
}

std::uint64_t Multiplexer::list_version(std::string_view method) {
  const auto [version, fresh] =
      list_versions_.try_emplace(std::string(ListCache::capability(method)));
  if (fresh) version->second = ids_.next_list_version++;
  return version->second;
}

void Multiplexer::forget_lists() {
  lists_.clear();
  list_versions_.clear();
}

}  // namespace sidecar::mux
