#include "mux/features/lists.hpp"

#include <array>
#include <utility>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "mux/core/child_era.hpp"

namespace sidecar::mux {

namespace method = mcp::method;

namespace {

struct ListOf {
  std::string_view capability;
  std::string_view changed;
};
constexpr std::array<ListOf, 3> kLists = {{{"tools", method::kToolsListChanged},
                                           {"prompts", method::kPromptsListChanged},
                                           {"resources", method::kResourcesListChanged}}};

// Also false if the annotations are missing or unreadable.
bool says_repeatable(const std::string& text, jsonrpc::Span annotations) {
  const auto [read_only, idempotent] =
      jsonrpc::members(text, annotations, {"readOnlyHint", "idempotentHint"});
  return jsonrpc::is_true(text, read_only) || jsonrpc::is_true(text, idempotent);
}

}  // namespace

void ToolHints::learn(const std::string& text, jsonrpc::Span result, bool first_page) {
  if (first_page) repeatable_.clear();
  for (const jsonrpc::Span tool : jsonrpc::elements(text, jsonrpc::member(text, result, "tools"))) {
    if (repeatable_.size() >= kMax) return;
    const auto [name_at, annotations] = jsonrpc::members(text, tool, {"name", "annotations"});
    if (!says_repeatable(text, annotations)) continue;
    if (auto name = jsonrpc::string_value(name_at.in(text))) repeatable_.insert(std::move(*name));
  }
}

bool ToolHints::repeatable(std::string_view name) const {
  if (repeatable_.empty() || name.size() < 2) return false;
  if (name.find('\\') == std::string_view::npos)
    return repeatable_.contains(std::string(name.substr(1, name.size() - 2)));
  const auto unescaped = jsonrpc::string_value(name);
  return unescaped && repeatable_.contains(*unescaped);
}

std::optional<Answer> Lists::on_request(ClientId, jsonrpc::Message& message, Call& call) {
  if (message.text.size() <= kMaxCachedRequest) call.subject = ListCache::key(message).value_or("");
  return {};
}

bool Lists::cached(const Call& call) const {
  const ChildEra& era = core_.era();
  return !call.subject.empty() && era.is_open() &&
         era.promises_changes(ListCache::capability(call.method));
}

bool Lists::takes_over(WireId id, Call& call) {
  call.from_memory = false;
  if (!cached(call)) return false;
  if (cache_.find(call.subject) == nullptr) return !cache_.lead_or_wait(call.subject, id);
  answer_from_memory(id, call);
  return true;
}

// Answers at once if that is cheap, else in slices. The call stays in flight until then.
void Lists::answer_from_memory(WireId id, Call& call) {
  std::unique_ptr<Making> making;
  const KeptText list = cache_.find(call.subject);
  const ListView* view = call.reply.view();
  const KeptText seen = view != nullptr ? cache_.find_view(call.subject, view->rules()) : list;
  const std::size_t size = seen != nullptr ? seen->size() : list->size();
  call.from_memory = true;
  if (size > kAnsweredAtOnce && !call.reply.knows(version_of(call.method))) {
    // Shared because std::function must be copyable.
    auto shared = std::make_shared<std::unique_ptr<Making>>();
    return answering_.add(call.owner->name,
                          [this, id, shared] { return answer_in_slices(id, *shared); });
  }
  while (answer_in_slices(id, making) > 0) {
  }
}

// Does one step and returns its cost; 0: nothing is left to do.
std::size_t Lists::answer_in_slices(WireId id, std::unique_ptr<Making>& making) {
  const Call* call = core_.calls().find(id);
  if (call == nullptr || !call->from_memory) return 0;  // it ended, or waits for the child
  const KeptText list = cache_.find(call->subject);
  if (list == nullptr) {
    core_.dispatch(id);
    return 0;
  }
  if (call->reply.view() == nullptr || call->reply.knows(version_of(call->method)))
    return answer(id, *call, *list, false);
  if (making == nullptr || making->list != list) {
    making = std::make_unique<Making>();
    making->list = list;
    making->rules = call->reply.view()->rules();
    if (const KeptText seen = cache_.find_view(call->subject, making->rules))
      return answer(id, *call, *seen, true);
    making->view = call->reply.view()->make(list);
  }
  if (const std::size_t cost = making->view->step()) return cost;
  const KeptText seen = making->view->result();
  if (seen == nullptr) return answer(id, *call, *list, false);
  cache_.keep_view(call->subject, list, making->rules, seen);
  return answer(id, *call, *seen, true);
}

// Returns the cost: the list is copied on the way out.
std::size_t Lists::answer(WireId id, const Call& call, const std::string& list, bool filtered) {
  const std::size_t cost = list.size() / (Slices::kCopied / 4) + 1;
  const std::uint64_t version = version_of(call.method);
  const bool unchanged = call.reply.knows(version);
  Answer answer = make_result(call.reply.client_id(), unchanged ? "{}" : list);
  answer.list_version = version;
  answer.unchanged = unchanged;
  answer.filtered = filtered;
  core_.finish(id, std::move(answer));
  return cost;
}

void Lists::on_result(WireId id, Call& call, Answer& answer) {
  if (answer.outcome != Outcome::kResult) return;
  if (call.method == method::kToolsList)
    tools_.learn(answer.text, answer.payload, call.subject == method::kToolsList);
  if (!call.subject.empty() && cache_.store(call.subject, id, answer.payload.in(answer.text)))
    answer.list_version = version_of(call.method);
}

// Dispatches the calls that waited for the list that this call fetched: they are answered from the
// cache, or one of them fetches the list. BOUNDED STACK: a call that ends within dispatch() has no
// calls waiting for it, because the others are dispatched after it.
void Lists::on_end(WireId id, const std::string& subject) {
  if (subject.empty()) return;
  for (const WireId waiting : cache_.leave(subject, id)) {
    if (core_.calls().find(waiting) != nullptr) core_.dispatch(waiting);
  }
}

bool Lists::on_child_notification(const jsonrpc::Message& message) {
  for (const ListOf& each : kLists) {
    if (message.method() != each.changed) continue;
    cache_.changed(each.capability);
    versions_.erase(std::string(each.capability));
    if (core_.replaced())
      core_.drop("notification_of_replaced_child");
    else
      core_.clients().tell_all(message.text);
    return true;
  }
  return false;
}

void Lists::child_gone() {
  cache_.clear();
  versions_.clear();
}

void Lists::migrate_to(Feature& successor) {
  static_cast<Lists&>(successor).was_ready_ = was_ready_;
  child_gone();
}

void Lists::lists_may_differ() {
  if (std::exchange(was_ready_, true)) report_changes();
}

void Lists::were_seen_by(ClientId client) {
  if (was_ready_ && core_.takes_calls()) return report_changes(client);
  was_ready_ = true;  // reported to all clients when the child is ready
}

void Lists::report_changes(std::optional<ClientId> only) {
  if (!was_ready_ || core_.replaced()) return;  // clients use the next child's lists
  for (const ListOf& each : kLists) {
    if (!core_.era().declares(each.capability)) continue;
    const std::string text = jsonrpc::notification_text(each.changed, {});
    only ? core_.clients().tell(*only, text) : core_.clients().tell_all(text);
  }
}

std::uint64_t Lists::version_of(std::string_view method) {
  const auto [version, fresh] = versions_.try_emplace(std::string(ListCache::capability(method)));
  if (fresh) version->second = ids_.next_list_version++;
  return version->second;
}

}  // namespace sidecar::mux
