// Multiplexer: what the child says, and whom it is for.
#include <array>
#include <fmt/format.h>

#include "jsonrpc/batch.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/truncated.hpp"
#include "mcp/protocol.hpp"
#include "mux/method_rules.hpp"
#include "mux/multiplexer.hpp"
#include "mux/wire.hpp"

namespace sidecar::mux {

namespace code = mcp::code;
namespace method = mcp::method;

void Multiplexer::on_child_line(std::string line) {
  wedged_ = false;
  if (jsonrpc::looks_like_batch(line)) return on_child_batch(line);
  if (auto message = jsonrpc::parse(std::move(line)))
    return on_message(std::move(*message));
  else
    junk(message.error().message, message.error().ambiguous);
}

// MCP 2025-03-26, Basic, Batching.
void Multiplexer::on_child_batch(const std::string& line) {
  auto elements = jsonrpc::take_apart(line);
  if (!elements) return junk(elements.error().message);
  if (elements->empty()) return junk("an empty batch");
  for (std::string& element : *elements) {
    if (auto message = jsonrpc::parse(std::move(element)))
      on_message(std::move(*message));
    else
      junk(message.error().message, message.error().ambiguous);
  }
}

// MCP 2025-11-25, Transports, stdio: stdout carries messages only. Servers print there all the
// same.
void Multiplexer::junk(std::string_view problem, bool ambiguous) {
  drop(ambiguous ? "ambiguous_member" : "junk_on_stdout");
  log_.warn("child wrote no message to stdout", {{"problem", problem}});
}

void Multiplexer::on_message(jsonrpc::Message message) {
  switch (message.kind()) {
    case jsonrpc::Kind::kResult:
    case jsonrpc::Kind::kError:
      return on_answer(std::move(message));
    case jsonrpc::Kind::kRequest:
      return on_child_request(message);
    case jsonrpc::Kind::kNotification:
      return on_child_notification(std::move(message));
  }
}

// --- answers
// ----------------------------------------------------------------------------------------------------------

void Multiplexer::on_answer(jsonrpc::Message message) {
  const auto id = number_of(message.id());
  if (id && id == handshake_id_) return on_handshake_answer(message);
  // A call that the child was not given cannot be answered by it.
  const Call* open = id ? in_flight_.find(*id) : nullptr;
  auto call = open != nullptr && open->number != 0 ? in_flight_.close(*id) : std::nullopt;
  if (!call) return on_late_answer(id, message);
  child_.note_answer();
  if (call->withdrawn) drop("answer_after_cancel");

  Answer answer;
  const jsonrpc::Envelope& envelope = message.envelope;
  const std::string& client_id = call->reply.client_id();
  const bool is_error = message.kind() == jsonrpc::Kind::kError;
  answer.outcome = is_error ? Outcome::kError : Outcome::kResult;
  answer.payload = is_error ? envelope.error : envelope.result;
  if (answer.payload.begin > envelope.id.begin)
    answer.payload.begin += client_id.size() - envelope.id.size;
  answer.tool_error = envelope.is_error.in(message.text) == "true";
  answer.text = jsonrpc::splice_in_place(std::move(message.text), {{envelope.id, client_id}});
  if (is_error) {
    answer.message = error_message(answer);
    note_url_elicitations(*call, answer);
  }
  if (call->task && !is_error) task_made(*id, *call, answer);
  if (Feature* const feature = feature_of(*call)) feature->on_result(*id, *call, answer);
  if (call->rule != nullptr && call->rule->answered != nullptr)
    (this->*call->rule->answered)(*id, *call, answer);
  settle(*id, std::move(*call), std::move(answer));
}

// To a call that is no longer known: it was cancelled long ago, or answered, or never was.
void Multiplexer::on_late_answer(std::optional<WireId> id, const jsonrpc::Message& message) {
  const auto late = id ? in_flight_.answered_late(*id) : std::nullopt;
  if (!late) return drop("answer_to_unknown_call");
  drop("answer_after_cancel");
  if (!late->task) return;
  if (const auto task = made_task(message.text, message.envelope.result)) cancel_task(*task);
}

// MCP 2025-11-25, Elicitation, URLElicitationRequiredError: what the client is to visit before it
// calls again.
void Multiplexer::note_url_elicitations(const Call& call, const Answer& answer) {
  const jsonrpc::Span number = member(answer.text, answer.payload, "code");
  if (!call.reply.pending() || call.client == kNoClient ||
      number.in(answer.text) != std::to_string(code::kUrlElicitationRequired))
    return;
  const jsonrpc::Span list =
      member(answer.text, member(answer.text, answer.payload, "data"), "elicitations");
  if (!list) return;
  for (const jsonrpc::Span each :
       jsonrpc::find_elements(answer.text, list).value_or(std::vector<jsonrpc::Span>())) {
    if (auto id = string_member(answer.text, each, "elicitationId"))
      note_url_elicitation(std::move(*id), call.client);
  }
}

void Multiplexer::note_url_elicitation(std::string id, ClientId client) {
  const auto entry = clients_.find(client);
  if (entry == clients_.end() || id.size() > UrlElicitations::kMaxId) return;
  const std::string& owner = entry->second.account->name;
  Shares::Holding share = owners_.url_elicitations.hold(owner);
  const auto forget_oldest = [this](const Owner& other) {
    return url_elicitations_.forget_oldest_of(other.name);
  };
  // An owner that may have no more forgets one of its own.
  if (!owners_.make_room(owners_.url_elicitations, share, 1, forget_oldest))
    url_elicitations_.forget_oldest_of(owner);
  url_elicitations_.add(std::move(id), client, std::move(share));
}

// --- requests of the child
// ---------------------------------------------------------------------------------------------

void Multiplexer::on_child_request(const jsonrpc::Message& message) {
  const std::string_view name = message.method();
  if (name == method::kPing) {
    send_to_child(jsonrpc::result_text(message.id(), "{}"), "ping");
    return;
  }
  if (mcp::names_notification(name))
    return refuse_child(message, code::kInvalidRequest,
                        "this is the name of a notification, which has no id");
  const std::string& text = message.text;
  if (name == method::kRootsList && !(role_.own && role_.client_roots))
    return refuse_child(message, code::kMethodNotFound, "the roots of clients are not passed on");
  const auto origin = origin_of(message);
  if (!origin) {
    return refuse_child(message, code::kMethodNotFound,
                        "this server is shared by several clients, and it is not certain which of "
                        "them this is for");
  }
  const auto entry = clients_.find(origin->client);
  if (entry == clients_.end()) {
    return refuse_child(
        message, code::kMethodNotFound,
        "this is for a call over REST or for a client that has gone: there is nobody to ask");
  }
  const std::string mode = string_member(text, message.envelope.params, "mode").value_or("");
  if (!entry->second.profile.takes(name, mode) && !(role_.own && name != method::kRootsList)) {
    return refuse_child(message, code::kMethodNotFound,
                        "the client that this is for did not declare the capability");
  }
  if (!role_.may_ask) {
    return refuse_child(
        message, code::kMethodNotFound,
        "only a process of the client's own may ask it, and there was no room for a further one "
        "(--max-instances)");
  }
  const bool on_call = origin->call != nullptr && origin->call->reply.takes_messages();
  if (!on_call && !entry->second.client->listens())
    return refuse_child(message, code::kConnectionClosed,
                        "the client that this is for does not listen now");
  if (server_requests_.count(origin->client) >= kServerRequestsPerClient)
    return refuse_child(message, code::kBusy,
                        "the client that this is for has too many requests to answer");

  ServerRequest request;
  request.client = origin->client;
  request.child_id = message.id();
  request.method = name;
  request.progress_token = message.envelope.progress_token.in(text);
  request.asked = timers_.now();
  request.due = request.asked + limits_.call_timeout_total;
  // A person may be answering: what the child does for this client meanwhile costs no time.
  request.pauses = in_flight_.calls_at_child(origin->client);
  for (const WireId id : request.pauses) {
    in_flight_.pause(id);
    in_flight_.find(id)->asked_client = true;
  }
  if (name == method::kElicitation && mode == "url") {
    if (auto id = string_member(text, message.envelope.params, "elicitationId"))
      note_url_elicitation(std::move(*id), origin->client);
  }
  const std::string id = std::to_string(server_requests_.open(std::move(request)));
  server_requests_shown_.set(server_requests_.size());
  arm();
  deliver(*origin, jsonrpc::splice(
                       text, {{message.envelope.id, id}, {message.envelope.progress_token, id}}));
}

void Multiplexer::refuse_child(const jsonrpc::Message& request, int error_code,
                               std::string_view why) {
  drop("request_refused");
  log_.warn("request of the child refused",
            {{"method", excerpt(request.method())}, {"reason", why}});
  send_to_child(
      jsonrpc::error_text(
          request.id(),
          jsonrpc::error_object(error_code, fmt::format("{}: {}", excerpt(request.method()), why))),
      "refusal");
}

std::optional<ServerRequest> Multiplexer::close_peer_request(PeerId id) {
  auto request = server_requests_.close(id);
  if (!request) return request;
  const auto now = timers_.now();
  for (const WireId call : request->pauses) in_flight_.resume(call, now, now - request->asked);
  server_requests_shown_.set(server_requests_.size());
  arm();
  return request;
}

// The child no longer wants the answer.
void Multiplexer::withdraw_peer_request(PeerId id, std::string_view reason) {
  const auto request = close_peer_request(id);
  if (!request) return;
  const Origin origin = at(request->client);
  deliver(origin, jsonrpc::notification_text(method::kCancelled,
                                             fmt::format(R"({{"requestId":{},"reason":{}}})", id,
                                                         jsonrpc::string_token(reason))));
}

// --- notifications of the child
// ------------------------------------------------------------------------------------------

void Multiplexer::on_child_notification(jsonrpc::Message message) {
  const std::string_view name = message.method();
  if (!mcp::names_notification(name)) return drop("request_without_id");
  if (name == method::kProgress) return on_progress(std::move(message));
  if (name == method::kCancelled) return on_child_cancelled(message);
  if (name == method::kToolsListChanged || name == method::kPromptsListChanged ||
      name == method::kResourcesListChanged) {
    return on_list_changed(message);
  }
  if (name == method::kTaskStatus) return on_task_status(message);
  if (subscriptions_.on_child_notification(message)) return;
  if (name == method::kElicitationComplete) {
    const auto id = string_member(message.text, message.envelope.params, "elicitationId");
    const auto client = id ? url_elicitations_.client(*id) : std::nullopt;
    if (!client) return drop("unknown_elicitation");
    return tell(*client, std::move(message.text));
  }
  on_log_or_unknown(message);
}

void Multiplexer::on_progress(jsonrpc::Message message) {
  const auto id = number_of(message.envelope.progress_token.in(message.text));
  Call* call = id ? in_flight_.find(*id) : nullptr;
  if (call == nullptr) {
    // MCP 2025-11-25, Tasks, Task Progress Notifications: the token stays valid while the task
    // lives.
    const Task* task = id ? tasks_.find_wire(*id) : nullptr;
    if (task == nullptr || task->ended || task->progress_token.empty())
      return drop("progress_of_unknown_call");
    return tell(
        task->client,
        jsonrpc::splice(message.text, {{message.envelope.progress_token, task->progress_token}}));
  }
  if (call->withdrawn || call->number == 0 || call->progress_token.empty())
    return drop("progress_of_unknown_call");
  in_flight_.move_due(*id, timers_.now() + call->timeout);
  if (call->repeatable || call->repeated) {
    // A repeated call begins anew; what its client has heard already it does not hear again.
    const jsonrpc::Span place = member(message.text, message.envelope.params, "progress");
    const double progress = std::strtod(std::string(place.in(message.text)).c_str(), nullptr);
    if (call->repeated && progress <= call->progress) return drop("progress_of_repeated_call");
    call->progress = std::max(call->progress, progress);
  }
  deliver({call->client, call},
          jsonrpc::splice(message.text, {{message.envelope.progress_token, call->progress_token}}));
}

void Multiplexer::on_child_cancelled(const jsonrpc::Message& message) {
  const auto id = server_requests_.find_child_id(message.envelope.request_id.in(message.text));
  if (!id) return drop("cancel_of_unknown_call");  // answered, or refused at once
  const auto request = close_peer_request(*id);
  deliver(at(request->client),
          jsonrpc::splice(message.text, {{message.envelope.request_id, std::to_string(*id)}}));
}

void Multiplexer::on_list_changed(const jsonrpc::Message& message) {
  std::string_view name = message.method();
  name.remove_prefix(std::string_view("notifications/").size());
  lists_.changed(ListCache::capability(name));
  list_versions_.erase(std::string(ListCache::capability(name)));
  if (replaced_) return drop("notification_of_replaced_child");
  to_everybody(message.text);
}

void Multiplexer::on_task_status(const jsonrpc::Message& message) {
  const auto id = string_member(message.text, message.envelope.params, "taskId");
  const Task* task = id ? tasks_.find(*id) : nullptr;
  if (task == nullptr) return drop("unknown_task");
  const ClientId client = task->client;
  if (task_ended(string_member(message.text, message.envelope.params, "status").value_or("")))
    end_task(*id);
  tell(client, message.text);
}

// The child does not say whose it is. With a certain origin it goes there; else it may hold another
// owner's data.
void Multiplexer::on_log_or_unknown(const jsonrpc::Message& message) {
  std::optional<LogLevel> level;
  if (message.method() == method::kLogMessage)
    level = log_level(string_member(message.text, message.envelope.params, "level").value_or(""));
  if (const auto origin = origin_of(message)) {
    if (!clients_.contains(origin->client)) return drop("notification_of_rest_call");
    if (!levels_.lets_through(origin->client, level)) return drop("below_log_level");
    return deliver(*origin, message.text);
  }
  if (!one_owner()) return drop("notification_without_origin");
  std::vector<ClientId> ids;
  for (const auto& [id, entry] : clients_) ids.push_back(id);
  for (const ClientId id : ids) {
    if (levels_.lets_through(id, level)) tell(id, message.text);
  }
}

// --- whom it is for
// -----------------------------------------------------------------------------------------------------

// Design, certain origin: the task that the message names, the only client of an own child, or the
// only one for whom the child can be working. A client that has gone, and REST, are origins too.
std::optional<Multiplexer::Origin> Multiplexer::origin_of(const jsonrpc::Message& message) {
  const std::string& text = message.text;
  const jsonrpc::Span related =
      member(text, member(text, message.envelope.params, "_meta"), mcp::kRelatedTask);
  if (const auto id = string_member(text, related, "taskId")) {
    const Task* task = tasks_.find(*id);
    return task == nullptr ? Origin{} : Origin{task->client, nullptr};
  }
  if (role_.own) {
    if (clients_.empty()) return std::nullopt;
    return at(clients_.begin()->first);
  }
  const auto client = in_flight_.sole_origin();
  if (!client) return std::nullopt;
  return at(*client);
}

Multiplexer::Origin Multiplexer::at(ClientId client) {
  const auto call = in_flight_.sole_call(client);
  return {client, call ? in_flight_.find(*call) : nullptr};
}

void Multiplexer::deliver(Origin origin, std::string text) {
  if (origin.call != nullptr && origin.call->reply.takes_messages())
    return origin.call->reply.message(std::move(text));
  tell(origin.client, std::move(text));
}

void Multiplexer::tell(ClientId client, std::string text) {
  if (const auto entry = clients_.find(client); entry != clients_.end())
    entry->second.client->on_message(std::move(text));
}

void Multiplexer::to_everybody(const std::string& text) {
  // A client may end while it is told, and take others along.
  std::vector<ClientId> ids;
  for (const auto& [id, entry] : clients_) ids.push_back(id);
  for (const ClientId id : ids) tell(id, text);
}

bool Multiplexer::one_owner() const {
  for (const auto& [id, entry] : clients_) {
    if (entry.owner != clients_.begin()->second.owner) return false;
  }
  return !clients_.empty();
}

void Multiplexer::on_child_line_too_long(std::string first, std::string last, std::size_t size) {
  drop("line_too_long");
  const auto token = jsonrpc::id_of_truncated(first, last);
  const WireId id = token ? number_of(*token).value_or(0) : 0;
  Call* call = in_flight_.find(id);
  log_.error("child wrote a line beyond the limit",
             {{"bytes", size}, {"call_found", call != nullptr}});
  if (call == nullptr) {
    in_flight_.answered_late(id);
    return;
  }
  finish(id, make_failure(
                 Outcome::kTooLarge, call->reply.client_id(), code::kInternalError,
                 fmt::format("the MCP server's answer of {} bytes is beyond the limit for one line",
                             size)));
}

}  // namespace sidecar::mux
