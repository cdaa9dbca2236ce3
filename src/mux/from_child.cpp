// Multiplexer: handles the child's messages and finds the client of each.
#include <array>
#include <fmt/format.h>

#include "jsonrpc/message.hpp"
#include "jsonrpc/splice.hpp"
#include "jsonrpc/truncated.hpp"
#include "mcp/protocol.hpp"
#include "mux/core/method_rules.hpp"
#include "mux/core/wire.hpp"
#include "mux/multiplexer.hpp"

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

// MCP 2025-11-25, Transports, stdio: stdout carries messages only. Some servers print other text
// there.
void Multiplexer::junk(std::string_view problem, bool ambiguous) {
  drop(ambiguous ? "ambiguous_member" : "junk_on_stdout");
  log_.warn("child wrote a line to stdout that is not a message", {{"problem", problem}});
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

void Multiplexer::on_answer(jsonrpc::Message message) {
  const auto id = number_of(message.id());
  if (id && id == handshake_id_) return on_handshake_answer(message);
  // The child cannot answer a call that was not handed to it.
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
    server_requests_.on_error(*call, answer);
  }
  if (call->task && !is_error) tasks_.on_made(*id, *call, answer);
  if (Feature* const feature = feature_of(*call)) feature->on_result(*id, *call, answer);
  if (call->rule != nullptr && call->rule->list) listed(*id, *call, answer);
  settle(*id, std::move(*call), std::move(answer));
}

// An answer to a call that is not in flight: abandoned, answered before, or never made.
void Multiplexer::on_late_answer(std::optional<WireId> id, const jsonrpc::Message& message) {
  const auto late = id ? in_flight_.answered_late(*id) : std::nullopt;
  if (!late) return drop("answer_to_unknown_call");
  drop("answer_after_cancel");
  if (late->task) tasks_.on_made_late(message);
}

void Multiplexer::on_child_request(const jsonrpc::Message& message) {
  const std::string_view name = message.method();
  if (name == method::kPing) {
    send_to_child(jsonrpc::result_text(message.id(), "{}"), "ping");
    return;
  }
  if (mcp::names_notification(name))
    return refuse_child(message, code::kInvalidRequest,
                        "this is the name of a notification, which has no id");
  server_requests_.on_child_request(message);
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

void Multiplexer::on_child_notification(jsonrpc::Message message) {
  const std::string_view name = message.method();
  if (!mcp::names_notification(name)) return drop("request_without_id");
  if (name == method::kProgress) return on_progress(std::move(message));
  if (name == method::kToolsListChanged || name == method::kPromptsListChanged ||
      name == method::kResourcesListChanged) {
    return on_list_changed(message);
  }
  for (Feature* const feature :
       {static_cast<Feature*>(&server_requests_), static_cast<Feature*>(&tasks_),
        static_cast<Feature*>(&subscriptions_)}) {
    if (feature->on_child_notification(message)) return;
  }
  on_log_or_unknown(message);
}

void Multiplexer::on_progress(jsonrpc::Message message) {
  const auto id = number_of(message.envelope.progress_token.in(message.text));
  Call* call = id ? in_flight_.find(*id) : nullptr;
  if (call == nullptr) {
    if (!id || !tasks_.on_progress(*id, message)) drop("progress_of_unknown_call");
    return;
  }
  if (call->withdrawn || call->number == 0 || call->progress_token.empty())
    return drop("progress_of_unknown_call");
  in_flight_.move_due(*id, timers_.now() + call->timeout);
  if (call->repeatable || call->repeated) {
    // A repeated call starts from the beginning. Progress that its client has is not sent again.
    const jsonrpc::Span place = member(message.text, message.envelope.params, "progress");
    const double progress = std::strtod(std::string(place.in(message.text)).c_str(), nullptr);
    if (call->repeated && progress <= call->progress) return drop("progress_of_repeated_call");
    call->progress = std::max(call->progress, progress);
  }
  deliver({call->client, call},
          jsonrpc::splice(message.text, {{message.envelope.progress_token, call->progress_token}}));
}

void Multiplexer::on_list_changed(const jsonrpc::Message& message) {
  std::string_view name = message.method();
  name.remove_prefix(std::string_view("notifications/").size());
  lists_.changed(ListCache::capability(name));
  list_versions_.erase(std::string(ListCache::capability(name)));
  if (replaced_) return drop("notification_of_replaced_child");
  to_everybody(message.text);
}

// The message does not name its client. It goes to its certain origin if it has one; otherwise it
// may contain any owner's data, so it is sent only if all clients have the same owner.
void Multiplexer::on_log_or_unknown(const jsonrpc::Message& message) {
  if (const auto origin = origin_of(message)) {
    if (!clients_.contains(origin->client)) return drop("notification_of_rest_call");
    if (!log_levels_.lets_through(origin->client, message)) return drop("below_log_level");
    return deliver(*origin, message.text);
  }
  if (!one_owner()) return drop("notification_without_origin");
  std::vector<ClientId> ids;
  for (const auto& [id, entry] : clients_) ids.push_back(id);
  for (const ClientId id : ids) {
    if (log_levels_.lets_through(id, message)) tell(id, message.text);
  }
}

// The certain origin (docs/architecture.md): the task that the message names, the only client of a
// dedicated child, or the only client for which the child can be working. A client that has left
// and REST are origins too.
std::optional<MessageOrigin> Multiplexer::origin_of(const jsonrpc::Message& message) {
  const std::string& text = message.text;
  const jsonrpc::Span related =
      member(text, member(text, message.envelope.params, "_meta"), mcp::kRelatedTask);
  if (const auto id = string_member(text, related, "taskId")) {
    const Task* task = tasks_.find(*id);
    return task == nullptr ? MessageOrigin{} : MessageOrigin{task->client, nullptr};
  }
  if (role_.dedicated) {
    if (clients_.empty()) return std::nullopt;
    return origin_of(clients_.begin()->first);
  }
  const auto client = in_flight_.sole_origin();
  if (!client) return std::nullopt;
  return origin_of(*client);
}

MessageOrigin Multiplexer::origin_of(ClientId client) {
  const auto call = in_flight_.sole_call(client);
  return {client, call ? in_flight_.find(*call) : nullptr};
}

void Multiplexer::deliver(MessageOrigin origin, std::string text) {
  if (origin.call != nullptr && origin.call->reply.takes_messages())
    return origin.call->reply.message(std::move(text));
  tell(origin.client, std::move(text));
}

void Multiplexer::tell(ClientId client, std::string text) {
  if (const auto entry = clients_.find(client); entry != clients_.end())
    entry->second.client->on_message(std::move(text));
}

void Multiplexer::to_everybody(const std::string& text) {
  // Sending to a client may end it and others.
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
