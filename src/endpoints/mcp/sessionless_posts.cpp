#include "endpoints/mcp/sessionless_posts.hpp"

#include <utility>

#include "endpoints/mcp/mcp_requests.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::endpoints {
namespace {

namespace method = mcp::method;

bool needs_session(const jsonrpc::Message& message) {
  const std::string_view name = message.method();
  return name == method::kResourcesSubscribe || name == method::kResourcesUnsubscribe ||
         name.starts_with(mcp::kTasksPrefix) ||
         jsonrpc::member(message.text, message.envelope.params, "task");
}

}  // namespace

SessionlessPosts::SessionlessPosts(mux::Instances& instances, const StreamableParts& parts)
    : instances_(instances), parts_(parts), calls_(instances, "streamable-http") {}

void SessionlessPosts::take(http::Exchange exchange, jsonrpc::Message message, Accepted accepted) {
  if (message.kind() != jsonrpc::Kind::kRequest) {
    if (!mcp::names_notification(message.method()) &&
        message.kind() == jsonrpc::Kind::kNotification)
      instances_.drop("request_without_id");
    return exchange.reply(http::Response{.status = 202});
  }
  const std::string id(message.id());
  const auto refuse = [&exchange, &id](std::string_view why) {
    exchange.reply(json_rpc_error(400, id, mcp::code::kInvalidRequest, why));
  };
  if (const std::string why = session::misnamed(message); !why.empty()) return refuse(why);
  if (needs_session(message))
    return refuse("Invalid Request: this needs a session: send initialize first");

  const std::uint64_t number = next_++;
  const auto caller = exchange.request().caller;
  PostResponse& post = *posts_
                            .emplace(number, std::make_unique<PostResponse>(
                                                 std::move(exchange), PostResponse::Kind::kCall,
                                                 accepted, number, id, nullptr, parts_))
                            .first->second;
  if (message.method() == method::kPing || message.method() == method::kSetLevel)
    return answer(number, mux::make_result(id, "{}"));
  post.start();
  mux::Reply::Notify notify;
  if (accepted.stream) {
    notify = [this, number](std::string text) { posts_.at(number)->message(std::move(text)); };
  }
  calls_.send(
      caller, std::move(message),
      [this, number](mux::Answer result) { answer(number, std::move(result)); }, std::move(notify));
}

void SessionlessPosts::answer(std::uint64_t number, mux::Answer answer) {
  posts_.extract(number).mapped()->answer(std::move(answer));
}

}  // namespace sidecar::endpoints
