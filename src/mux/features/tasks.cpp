#include "mux/features/tasks.hpp"

#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "mux/core/wire.hpp"

namespace sidecar::mux {

namespace code = mcp::code;
namespace method = mcp::method;

namespace {

// Tasks, Error Handling: the answer for a task that does not exist.
Answer no_such_task(const Call& call) {
  return make_failure(Outcome::kError, call.reply.client_id(), code::kInvalidParams,
                      "Task not found: this session has no task with this id");
}

std::optional<std::string> made_task(const std::string& text, jsonrpc::Span result) {
  return string_member(text, member(text, result, "task"), "taskId");
}

std::string params_of(std::string_view id) {
  return fmt::format(R"({{"taskId":{}}})", jsonrpc::string_token(id));
}

}  // namespace

std::optional<Answer> Tasks::on_request(ClientId client, jsonrpc::Message& message, Call& call) {
  if (call.method == method::kTasksList) return {};
  if (call.method == method::kToolsCall) {
    const std::size_t limit = core_.limits().calls_per_client;
    if (!call.task || table_.open_of(client) < limit) return {};
    return make_failure(Outcome::kBusy, call.reply.client_id(), code::kBusy,
                        fmt::format("too many tasks: this session may have {}", limit), {},
                        std::chrono::seconds(1));
  }
  auto id = string_member(message.text, message.envelope.params, "taskId");
  if (!id || !has(client, *id)) return no_such_task(call);
  call.subject = std::move(*id);
  return {};
}

// The call may have waited for a new process, which does not know the task, or has given its id to
// the task of another session.
std::optional<Answer> Tasks::before_send(WireId, Call& call) {
  if (call.subject.empty() || has(call.client, call.subject)) return {};
  return no_such_task(call);
}

void Tasks::on_result(WireId, Call& call, Answer& answer) {
  if (answer.outcome != Outcome::kResult) return;
  if (call.method == method::kTasksList) return filter_list(call, answer);
  if (call.subject.empty()) return;
  const auto status = string_member(answer.text, answer.payload, "status");
  if (call.method == method::kTasksResult || task_ended(status.value_or(""))) end(call.subject);
}

void Tasks::on_made(WireId id, const Call& call, const Answer& answer) {
  const auto task_id = made_task(answer.text, answer.payload);
  if (!task_id || call.client == kNoClient) return;
  if (call.withdrawn || !core_.clients().contains(call.client)) return cancel(*task_id);
  if (table_.find(*task_id) != nullptr) return;  // it stays with the first session
  Owners& owners = core_.owners();
  Task task;
  task.client = call.client;
  task.wire_id = id;
  task.progress_token = call.progress_token;
  task.share = owners.tasks.hold(call.owner->name);
  // An owner that may have no more forgets one of its own.
  if (!owners.make_room(owners.tasks, task.share, 1,
                        [this](const Owner& other) { return forget_oldest_of(other); }))
    forget_oldest_of(*call.owner);
  core_.calls().work_begins(task.client);
  table_.add(*task_id, std::move(task));
  const jsonrpc::Span made = member(answer.text, answer.payload, "task");
  if (task_ended(string_member(answer.text, made, "status").value_or(""))) end(*task_id);
}

void Tasks::on_made_late(const jsonrpc::Message& message) {
  if (const auto task = made_task(message.text, message.envelope.result)) cancel(*task);
}

bool Tasks::on_progress(const jsonrpc::Message& message) {
  const auto id = number_of(message.envelope.progress_token.in(message.text));
  const Task* task = id && core_.calls().find(*id) == nullptr ? table_.find_wire(*id) : nullptr;
  if (task == nullptr || task->ended || task->progress_token.empty()) return false;
  core_.clients().tell(
      task->client,
      jsonrpc::splice(message.text, {{message.envelope.progress_token, task->progress_token}}));
  return true;
}

std::optional<ClientId> Tasks::client_named_in(const jsonrpc::Message& message) const {
  const std::string& text = message.text;
  const jsonrpc::Span related =
      member(text, member(text, message.envelope.params, "_meta"), mcp::kRelatedTask);
  const auto id = string_member(text, related, "taskId");
  if (!id) return {};
  const Task* task = table_.find(*id);
  return task == nullptr ? kNoClient : task->client;
}

bool Tasks::on_child_notification(const jsonrpc::Message& message) {
  if (message.method() == method::kProgress) return on_progress(message);
  if (message.method() != method::kTaskStatus) return false;
  const auto id = string_member(message.text, message.envelope.params, "taskId");
  const Task* task = id ? table_.find(*id) : nullptr;
  if (task == nullptr) {
    core_.drop("unknown_task");
    return true;
  }
  const ClientId client = task->client;
  if (task_ended(string_member(message.text, message.envelope.params, "status").value_or("")))
    end(*id);
  core_.clients().tell(client, message.text);
  return true;
}

// The child still works on the session's open tasks, now on behalf of nobody.
void Tasks::client_left(ClientId client) {
  for (const std::string& id : table_.disown(client)) {
    core_.calls().work_ends(client);
    core_.calls().work_begins(kNoClient);
    core_.ask_child(
        method::kTasksCancel, params_of(id), [this, id](const Answer&) { end(id); },
        core_.limits().call_timeout);
  }
}

bool Tasks::has(ClientId client, std::string_view id) const {
  const Task* task = table_.find(id);
  return task != nullptr && task->client == client && client != kNoClient;
}

// A session sees only its own tasks. (Tasks, Security Considerations.)
void Tasks::filter_list(const Call& call, Answer& answer) const {
  const auto found = jsonrpc::find_members(answer.text, answer.payload, {"tasks"});
  if (!found) {
    answer = make_failure(Outcome::kInternal, call.reply.client_id(), code::kInternalError,
                          "the MCP server's list cannot be read: " + found.error().message);
    return;
  }
  const jsonrpc::Span list = found->front();
  if (!list) return;
  std::string own = "[";
  for (const jsonrpc::Span each : jsonrpc::elements(answer.text, list)) {
    if (!has(call.client, string_member(answer.text, each, "taskId").value_or(""))) continue;
    if (own.size() > 1) own += ',';
    own += each.in(answer.text);
  }
  own += ']';
  std::string text = jsonrpc::splice(answer.text, {{list, own}});
  answer.payload.size = answer.payload.size - list.size + own.size();
  answer.text = std::move(text);
}

// For a task that no session will know.
void Tasks::cancel(std::string_view id) {
  core_.ask_child(
      method::kTasksCancel, params_of(id), [](const Answer&) {}, core_.limits().call_timeout);
}

void Tasks::end(std::string_view id) {
  const Task* task = table_.find(id);
  if (task == nullptr) return;
  const ClientId client = task->client;
  if (table_.end(id)) core_.calls().work_ends(client);
}

bool Tasks::forget_oldest_of(const Owner& owner) {
  const auto forgotten = table_.forget_oldest_of(owner.name);
  if (forgotten && !forgotten->ended) core_.calls().work_ends(forgotten->client);
  return forgotten.has_value();
}

}  // namespace sidecar::mux
