#include "mux/features/server_requests.hpp"

#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "mux/core/wire.hpp"

namespace sidecar::mux {

namespace code = mcp::code;
namespace method = mcp::method;

namespace {

std::string cancelled(PeerId id, std::string_view reason) {
  return jsonrpc::notification_text(
      method::kCancelled,
      fmt::format(R"({{"requestId":{},"reason":{}}})", id, jsonrpc::string_token(reason)));
}

}  // namespace

std::optional<ServerRequests::Refusal> ServerRequests::refusal(
    const jsonrpc::Message& message, std::string_view mode,
    const std::optional<MessageOrigin>& origin) const {
  const std::string_view name = message.method();
  const ChildRole& role = core_.role();
  if (name == method::kRootsList && !(role.dedicated && role.client_roots))
    return Refusal{code::kMethodNotFound, "the roots of clients are not passed on"};
  if (!origin)
    return Refusal{code::kMethodNotFound,
                   "this server is shared by several clients, and it is not certain which of them "
                   "this is for"};
  const ClientEntry* entry = core_.clients().find(origin->client);
  if (entry == nullptr)
    return Refusal{
        code::kMethodNotFound,
        "this is for a call over REST or for a client that has gone: there is nobody to ask"};
  if (!entry->profile.takes(name, mode) && !(role.dedicated && name != method::kRootsList))
    return Refusal{code::kMethodNotFound,
                   "the client that this is for did not declare the capability"};
  if (!role.may_ask)
    return Refusal{
        code::kMethodNotFound,
        "only a process of the client's own may ask it, and there was no room for a further one "
        "(--max-instances)"};
  const bool on_call = origin->call != nullptr && origin->call->reply.takes_messages();
  if (!on_call && !entry->client->listens())
    return Refusal{code::kConnectionClosed, "the client that this is for does not listen now"};
  if (table_.count(origin->client) >= kPerClient)
    return Refusal{code::kBusy, "the client that this is for has too many requests to answer"};
  return {};
}

void ServerRequests::on_child_request(const jsonrpc::Message& message) {
  const std::string& text = message.text;
  const auto origin = core_.origin_of(message);
  const std::string mode = string_member(text, message.envelope.params, "mode").value_or("");
  if (const auto refused = refusal(message, mode, origin))
    return core_.refuse_child(message, refused->code, refused->why);

  ServerRequest request;
  request.client = origin->client;
  request.child_id = message.id();
  request.method = message.method();
  request.progress_token = message.envelope.progress_token.in(text);
  request.asked = core_.timers().now();
  request.due = request.asked + core_.limits().call_timeout_total;
  // A person may be answering: what the child does for this client meanwhile costs no time.
  request.pauses = core_.calls().calls_at_child(origin->client);
  for (const WireId id : request.pauses) {
    core_.calls().pause(id);
    core_.calls().find(id)->asked_client = true;
  }
  if (request.method == method::kElicitation && mode == "url") {
    if (auto id = string_member(text, message.envelope.params, "elicitationId"))
      remember_elicitation(std::move(*id), origin->client);
  }
  const std::string id = std::to_string(table_.open(std::move(request)));
  shown_.set(table_.size());
  core_.arm();
  core_.clients().deliver(*origin, jsonrpc::splice(text, {{message.envelope.id, id},
                                                          {message.envelope.progress_token, id}}));
}

bool ServerRequests::on_child_notification(const jsonrpc::Message& message) {
  if (message.method() == method::kCancelled) {
    const auto id = table_.find_child_id(message.envelope.request_id.in(message.text));
    if (!id) {  // answered, or refused at once
      core_.drop("cancel_of_unknown_call");
      return true;
    }
    const auto request = close(*id);
    core_.clients().deliver(
        core_.clients().origin(request->client),
        jsonrpc::splice(message.text, {{message.envelope.request_id, std::to_string(*id)}}));
    return true;
  }
  if (message.method() != method::kElicitationComplete) return false;
  const auto id = string_member(message.text, message.envelope.params, "elicitationId");
  const auto client = id ? url_elicitations_.client(*id) : std::nullopt;
  if (client)
    core_.clients().tell(*client, message.text);
  else
    core_.drop("unknown_elicitation");
  return true;
}

void ServerRequests::on_client_answer(ClientId client, const jsonrpc::Message& message) {
  const auto id = number_of(message.id());
  const ServerRequest* asked = id ? table_.find(*id, client) : nullptr;
  if (asked == nullptr) return core_.drop("answer_to_nothing");
  const auto request = close(*id);
  if (core_.pass_on(client,
                    jsonrpc::splice(message.text, {{message.envelope.id, request->child_id}}),
                    "answer") ||
      !core_.takes_calls())
    return;
  core_.send_to_child(
      jsonrpc::error_text(request->child_id,
                          jsonrpc::error_object(code::kBusy,
                                                "the client's answer was dropped: it has too many "
                                                "bytes that wait for the server to read them")),
      "refusal");
}

void ServerRequests::on_client_progress(ClientId client, const jsonrpc::Message& message) {
  const auto id = number_of(message.envelope.progress_token.in(message.text));
  const ServerRequest* asked = id ? table_.find(*id, client) : nullptr;
  if (asked == nullptr || asked->progress_token.empty())
    return core_.drop("progress_of_unknown_call");
  core_.pass_on(
      client,
      jsonrpc::splice(message.text, {{message.envelope.progress_token, asked->progress_token}}),
      "progress");
}

// MCP 2025-11-25, Elicitation, URLElicitationRequiredError.
void ServerRequests::on_error(const Call& call, const Answer& answer) {
  const jsonrpc::Span number = member(answer.text, answer.payload, "code");
  if (!call.reply.pending() || call.client == kNoClient ||
      number.in(answer.text) != std::to_string(code::kUrlElicitationRequired))
    return;
  const jsonrpc::Span list =
      member(answer.text, member(answer.text, answer.payload, "data"), "elicitations");
  for (const jsonrpc::Span each : jsonrpc::elements(answer.text, list)) {
    if (auto id = string_member(answer.text, each, "elicitationId"))
      remember_elicitation(std::move(*id), call.client);
  }
}

void ServerRequests::remember_elicitation(std::string id, ClientId client) {
  const ClientEntry* entry = core_.clients().find(client);
  if (entry == nullptr || id.size() > UrlElicitations::kMaxId) return;
  Owners& owners = core_.owners();
  const std::string& owner = entry->account->name;
  Shares::Holding share = owners.url_elicitations.hold(owner);
  const auto forget_oldest = [this](const Owner& other) {
    return url_elicitations_.forget_oldest_of(other.name);
  };
  // An owner that may have no more forgets one of its own.
  if (!owners.make_room(owners.url_elicitations, share, 1, forget_oldest))
    url_elicitations_.forget_oldest_of(owner);
  url_elicitations_.add(std::move(id), client, std::move(share));
}

void ServerRequests::client_leaves(ClientId client) {
  for (const PeerId id : table_.of_client(client)) {
    if (const auto request = close(id))
      core_.send_to_child(
          jsonrpc::error_text(request->child_id, jsonrpc::error_object(code::kConnectionClosed,
                                                                       "the client has gone")),
          "refusal");
  }
}

// The process that asked does not want the answers any more.
void ServerRequests::child_gone() {
  for (const PeerId id : table_.all()) {
    if (const auto request = close(id))
      core_.clients().deliver(core_.clients().origin(request->client),
                              cancelled(id, "the MCP server has ended"));
  }
  url_elicitations_.clear();
}

bool ServerRequests::concerns(ClientId client, const jsonrpc::Message& message) const {
  const bool progress = message.method() == method::kProgress;
  const auto id =
      number_of(progress ? message.envelope.progress_token.in(message.text) : message.id());
  return id && table_.find(*id, client) != nullptr;
}

void ServerRequests::on_due() {
  for (const PeerId id : table_.expired(core_.timers().now())) {
    const auto request = close(id);
    core_.send_to_child(
        jsonrpc::error_text(
            request->child_id,
            jsonrpc::error_object(code::kRequestTimeout, "the client did not answer in time")),
        "refusal");
    core_.clients().deliver(core_.clients().origin(request->client),
                            cancelled(id, "no answer in time"));
  }
}

std::optional<ServerRequest> ServerRequests::close(PeerId id) {
  auto request = table_.close(id);
  if (!request) return request;
  const auto now = core_.timers().now();
  for (const WireId call : request->pauses) core_.calls().resume(call, now, now - request->asked);
  shown_.set(table_.size());
  core_.arm();
  return request;
}

}  // namespace sidecar::mux
