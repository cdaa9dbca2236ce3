// Multiplexer: the methods that need more than being passed on.
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "mux/method_rules.hpp"
#include "mux/multiplexer.hpp"
#include "mux/wire.hpp"

namespace sidecar::mux {

namespace code = mcp::code;
namespace method = mcp::method;

namespace {

constexpr std::size_t kMaxCachedRequest = 4096;  // a longer one is passed on

}  // namespace

const MethodRule* MethodRule::find(std::string_view name) {
  using M = Multiplexer;
  static constexpr MethodRule kRules[] = {
      {.method = method::kToolsCall, .feature = FeatureKind::kTasks, .ask = &M::ask_tool},
      {.method = method::kToolsList,
       .repeatable = true,
       .list = true,
       .ask = &M::ask_list,
       .answered = &M::listed},
      {.method = method::kResourcesRead, .repeatable = true},
      {.method = method::kPromptsGet, .repeatable = true},
      {.method = method::kComplete, .repeatable = true},
      {.method = method::kPromptsList,
       .repeatable = true,
       .list = true,
       .ask = &M::ask_list,
       .answered = &M::listed},
      {.method = method::kResourcesList,
       .repeatable = true,
       .list = true,
       .ask = &M::ask_list,
       .answered = &M::listed},
      {.method = method::kResourceTemplatesList,
       .repeatable = true,
       .list = true,
       .ask = &M::ask_list,
       .answered = &M::listed},
      {.method = method::kInitialize, .ask = &M::ask_initialize},
      {.method = method::kResourcesSubscribe,
       .feature = FeatureKind::kSubscriptions,
       .must_migrate = true},
      {.method = method::kResourcesUnsubscribe, .feature = FeatureKind::kSubscriptions},
      {.method = method::kSetLevel, .feature = FeatureKind::kLogLevels, .must_migrate = true},
      {.method = method::kTasksGet, .feature = FeatureKind::kTasks},
      {.method = method::kTasksResult, .feature = FeatureKind::kTasks},
      {.method = method::kTasksCancel, .feature = FeatureKind::kTasks},
      {.method = method::kTasksList, .feature = FeatureKind::kTasks},
  };
  const auto found = std::find_if(std::begin(kRules), std::end(kRules),
                                  [name](const MethodRule& rule) { return rule.method == name; });
  return found == std::end(kRules) ? nullptr : found;
}

bool Multiplexer::ask_initialize(Asked asked) {
  ClientProfile profile = profile_of(asked.message);
  asked.call.asked_version = profile.version;
  if (const auto entry = clients_.find(asked.client); entry != clients_.end())
    entry->second.profile = std::move(profile);
  return false;
}

// --- lists
// ------------------------------------------------------------------------------------------------------------

bool Multiplexer::ask_list(Asked asked) {
  if (asked.message.text.size() <= kMaxCachedRequest)
    asked.call.subject = ListCache::key(asked.message).value_or("");
  return false;
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

bool Multiplexer::ask_tool(Asked asked) {
  asked.call.repeatable = tools_.repeatable(asked.message.envelope.name.in(asked.message.text));
  return false;
}

}  // namespace sidecar::mux
