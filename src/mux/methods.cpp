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

// MCP 2025-11-25, Tasks, Error Handling: as if there were no such task.
Answer no_such_task(std::string_view client_id) {
  return make_failure(Outcome::kError, client_id, code::kInvalidParams,
                      "Task not found: this session has no task with this id");
}

}  // namespace

const MethodRule* MethodRule::find(std::string_view name) {
  using M = Multiplexer;
  static constexpr MethodRule kRules[] = {
      {.method = method::kToolsCall, .ask = &M::ask_tool},
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
      {.method = method::kSetLevel,
       .ask = &M::ask_level,
       .handing = &M::hand_level,
       .must_migrate = true,
       .answered = &M::level_set},
      {.method = method::kTasksGet,
       .ask = &M::ask_task,
       .handing = &M::hand_task,
       .answered = &M::task_told},
      {.method = method::kTasksResult,
       .ask = &M::ask_task,
       .handing = &M::hand_task,
       .answered = &M::task_told},
      {.method = method::kTasksCancel,
       .ask = &M::ask_task,
       .handing = &M::hand_task,
       .answered = &M::task_told},
      {.method = method::kTasksList, .answered = &M::tasks_listed},
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
  if (!asked.call.task) return false;
  if (tasks_.open_of(asked.client) < limits_.calls_per_client) return false;
  reply_here(asked.call, make_failure(Outcome::kBusy, asked.call.reply.client_id(), code::kBusy,
                                      fmt::format("too many tasks: this session may have {}",
                                                  limits_.calls_per_client),
                                      {}, std::chrono::seconds(1)));
  return true;
}

// --- log levels
// -------------------------------------------------------------------------------------------------------

bool Multiplexer::ask_level(Asked asked) {
  const std::string& text = asked.message.text;
  const jsonrpc::Span place = member(text, asked.message.envelope.params, "level");
  const auto name = place ? jsonrpc::string_value(place.in(text)) : fail("none");
  const auto level = name ? log_level(*name) : std::nullopt;
  if (!level || asked.client == kNoClient) return false;  // the child says what is wrong
  LogLevels then = levels_;
  then.set(asked.client, *level);
  const LogLevel wanted = *then.for_child(clients_.size());
  const auto own = in_flight_.of_client(asked.client);
  const bool waits = std::any_of(own.begin(), own.end(), [this](WireId id) {
    return in_flight_.find(id)->method == method::kSetLevel;  // it would be answered after this one
  });
  if (wanted == child_level_ && !waits) {
    levels_ = std::move(then);
    reply_here(asked.call, make_result(asked.call.reply.client_id(), "{}"));
    return true;
  }
  asked.call.subject = *name;
  if (wanted == *level) return false;
  // The envelope's places behind the level move.
  auto changed = jsonrpc::parse(
      jsonrpc::splice(text, {{place, jsonrpc::string_token(log_level_name(wanted))}}));
  if (changed) asked.message = std::move(*changed);
  return false;
}

// The child has been told a level when it has it, not before: the request may wait, be cancelled,
// or move.
bool Multiplexer::hand_level(WireId, Call& call) {
  if (call.subject.empty()) return false;
  if (const auto message = jsonrpc::parse(call.line)) {
    const auto level = string_member(message->text, message->envelope.params, "level");
    child_level_ = log_level(level.value_or(""));
  }
  return false;
}

void Multiplexer::level_set(WireId, Call& call, Answer& answer) {
  if (call.subject.empty()) return;
  if (answer.outcome != Outcome::kResult) {
    child_level_.reset();
  } else if (call.reply.pending()) {
    levels_.set(call.client, *log_level(call.subject));
  }
  // another one may have chosen meanwhile, or been answered in the belief that this one would pass
  adjust_level();
}

// After a session has come, chosen or ended, or on a new child.
void Multiplexer::adjust_level() {
  const auto wanted = levels_.for_child(clients_.size());
  if (!wanted || wanted == child_level_ || clients_.empty() || !takes_calls()) return;
  child_level_ = wanted;
  ask_child(
      method::kSetLevel, fmt::format(R"({{"level":"{}"}})", log_level_name(*wanted)),
      [this](const Answer& answer) {
        if (answer.outcome != Outcome::kResult) child_level_.reset();
      },
      limits_.call_timeout);
}

// --- tasks
// ------------------------------------------------------------------------------------------------------------

bool Multiplexer::ask_task(Asked asked) {
  auto id = string_member(asked.message.text, asked.message.envelope.params, "taskId");
  if (id && has_task(asked.client, *id)) {
    asked.call.subject = std::move(*id);
    return false;
  }
  reply_here(asked.call, no_such_task(asked.call.reply.client_id()));
  return true;
}

// It may have waited for a child that knows no such task, or has given its id to another session's.
bool Multiplexer::hand_task(WireId id, Call& call) {
  if (has_task(call.client, call.subject)) return false;
  finish(id, no_such_task(call.reply.client_id()));
  return true;
}

bool Multiplexer::has_task(ClientId client, std::string_view id) const {
  const Task* task = tasks_.find(id);
  return task != nullptr && task->client == client && client != kNoClient;
}

void Multiplexer::task_told(WireId, Call& call, Answer& answer) {
  if (answer.outcome != Outcome::kResult) return;
  const auto status = string_member(answer.text, answer.payload, "status");
  if (call.method == method::kTasksResult || task_ended(status.value_or("")))
    end_task(call.subject);
}

void Multiplexer::task_made(WireId id, const Call& call, const Answer& answer) {
  const auto task_id = made_task(answer.text, answer.payload);
  if (!task_id || call.client == kNoClient) return;
  if (call.withdrawn || !clients_.contains(call.client)) return cancel_task(*task_id);
  if (tasks_.find(*task_id) != nullptr) return;  // it stays with the first
  Task task;
  task.client = call.client;
  task.wire_id = id;
  task.progress_token = call.progress_token;
  task.share = owners_.tasks.hold(call.owner->name);
  // An owner that may have no more forgets one of its own.
  if (!owners_.make_room(owners_.tasks, task.share, 1,
                         [this](const Owner& other) { return forget_oldest_task(other); }))
    forget_oldest_task(*call.owner);
  in_flight_.work_begins(task.client);
  tasks_.add(*task_id, std::move(task));
  const jsonrpc::Span made = member(answer.text, answer.payload, "task");
  if (task_ended(string_member(answer.text, made, "status").value_or(""))) end_task(*task_id);
}

std::optional<std::string> Multiplexer::made_task(const std::string& text, jsonrpc::Span result) {
  return string_member(text, member(text, result, "task"), "taskId");
}

// Of a task that nobody will ever know of.
void Multiplexer::cancel_task(std::string_view id) {
  ask_child(
      method::kTasksCancel, fmt::format(R"({{"taskId":{}}})", jsonrpc::string_token(id)),
      [](const Answer&) {}, limits_.call_timeout);
}

void Multiplexer::end_task(std::string_view id) {
  const Task* task = tasks_.find(id);
  if (task == nullptr) return;
  const ClientId client = task->client;
  if (tasks_.end(id)) in_flight_.work_ends(client);
}

// A session sees its own tasks only. (MCP 2025-11-25, Tasks, Security Considerations.)
void Multiplexer::tasks_listed(WireId, Call& call, Answer& answer) {
  if (answer.outcome != Outcome::kResult) return;
  static constexpr std::array<std::string_view, 1> kTasks = {"tasks"};
  const auto place = jsonrpc::find_members(answer.text, kTasks, answer.payload);
  if (!place) {
    answer = make_failure(Outcome::kInternal, call.reply.client_id(), code::kInternalError,
                          "the MCP server's list cannot be read: " + place.error().message);
    return;
  }
  const jsonrpc::Span list = (*place)[0];
  if (!list) return;
  const auto all = jsonrpc::find_elements(answer.text, list);
  std::string own = "[";
  for (const jsonrpc::Span each : all.value_or(std::vector<jsonrpc::Span>())) {
    const Task* task = tasks_.find(string_member(answer.text, each, "taskId").value_or(""));
    if (task == nullptr || task->client != call.client || call.client == kNoClient) continue;
    if (own.size() > 1) own += ',';
    own += each.in(answer.text);
  }
  own += ']';
  std::string text = jsonrpc::splice(answer.text, {{list, own}});
  answer.payload.size = answer.payload.size - list.size + own.size();
  answer.text = std::move(text);
}

}  // namespace sidecar::mux
