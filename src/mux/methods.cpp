// Multiplexer: handling of `initialize` and of lists.
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

// Answers a call from a kept list: at once if that is cheap, else in slices of the loop, in which
// owners take turns. The call stays in flight until then.
void Multiplexer::answer_known(WireId id) {
  Call& call = *in_flight_.find(id);
  std::unique_ptr<ListMaking> making;
  const KeptText list = lists_.find(call.subject);
  const ListView* view = call.reply.view();
  const KeptText seen = view != nullptr ? lists_.find_view(call.subject, view->rules()) : list;
  const std::size_t size = seen != nullptr ? seen->size() : list->size();
  call.from_memory = true;
  if (size > kAnsweredAtOnce && !call.reply.knows(list_version(call.method))) {
    // Shared because std::function must be copyable.
    auto shared = std::make_shared<std::unique_ptr<ListMaking>>();
    return known_lists_.add(call.owner->name,
                            [this, id, shared] { return answer_in_slices(id, *shared); });
  }
  while (answer_in_slices(id, making) > 0) {
  }
}

// Does one step and returns its cost; 0: nothing is left to do.
std::size_t Multiplexer::answer_in_slices(WireId id, std::unique_ptr<ListMaking>& making) {
  Call* call = in_flight_.find(id);
  if (call == nullptr || !call->from_memory) return 0;  // it ended, or waits for the child
  const KeptText list = lists_.find(call->subject);
  if (list == nullptr) {
    dispatch(id);
    return 0;
  }
  const auto answer = [&](const std::string& text, bool filtered) {
    Answer known = known_list(*call, text);
    known.filtered = filtered;
    const std::size_t cost =
        text.size() / (Slices::kCopied / 4) + 1;  // it is copied on the way out
    finish(id, std::move(known));
    return cost;
  };
  if (call->reply.view() == nullptr || call->reply.knows(list_version(call->method)))
    return answer(*list, false);
  if (making == nullptr || making->list != list) {
    making = std::make_unique<ListMaking>();
    making->list = list;
    making->rules = call->reply.view()->rules();
    if (const KeptText seen = lists_.find_view(call->subject, making->rules))
      return answer(*seen, true);
    making->view = call->reply.view()->make(list);
  }
  if (const std::size_t cost = making->view->step()) return cost;
  const KeptText seen = making->view->result();
  if (seen == nullptr) return answer(*list, false);
  lists_.keep_view(call->subject, list, making->rules, seen);
  return answer(*seen, true);
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
