#include "mux/era/handshake_era.hpp"

#include <fmt/format.h>
#include <utility>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "util/version.hpp"

namespace sidecar::mux {

namespace method = mcp::method;

namespace {

bool declares_list_changed(const std::string& text, jsonrpc::Span capabilities,
                           std::string_view capability) {
  const jsonrpc::Span declared = jsonrpc::member(text, capabilities, capability);
  return jsonrpc::is_true(text, jsonrpc::member(text, declared, "listChanged"));
}

ServerIdentity identity_of(const std::string& result, const std::string& protocol) {
  ServerIdentity identity{{}, {}, protocol.substr(0, ServerIdentity::kMaxWord)};
  const jsonrpc::Span info = jsonrpc::member(result, jsonrpc::whole(result), "serverInfo");
  const auto [name, version] = jsonrpc::members(result, info, {"name", "version"});
  for (const auto& [place, word] :
       {std::pair(name, &identity.name), std::pair(version, &identity.version)}) {
    *word =
        jsonrpc::string_value(place.in(result)).value_or("").substr(0, ServerIdentity::kMaxWord);
  }
  return identity;
}

}  // namespace

std::string HandshakeEra::params(bool declares_sampling_and_elicitation) {
  return fmt::format(
      R"({{"protocolVersion":"{}","capabilities":{},"clientInfo":{{"name":"mcp-sidecar","version":"{}"}}}})",
      mcp::kLatestHandshakeVersion,
      declares_sampling_and_elicitation ? R"({"sampling":{},"elicitation":{"form":{},"url":{}}})"
                                        : "{}",
      kVersion);
}

std::string HandshakeEra::opening(WireId id, std::string_view params) const {
  return jsonrpc::request_text(std::to_string(id), method::kInitialize, params);
}

Result<std::string> HandshakeEra::opened(const jsonrpc::Message& answer) {
  if (answer.kind() == jsonrpc::Kind::kError) return fail("answered initialize with an error");
  std::string result(answer.envelope.result.in(answer.text));
  jsonrpc::pad(result);
  const auto places =
      jsonrpc::find_members(result, jsonrpc::whole(result), {"protocolVersion", "capabilities"});
  if (!places) return fail("answered initialize with an invalid result: " + places.error().message);
  const auto version = jsonrpc::string_value((*places)[0].in(result));
  if (!version) return fail("answered initialize without a protocolVersion");
  version_at_ = (*places)[0];
  capabilities_ = (*places)[1];
  version_ = *version;
  result_ = std::move(result);
  identity_ = identity_of(result_, version_);
  open_ = true;
  promised_.clear();
  for (const std::string_view capability : {"tools", "prompts", "resources"}) {
    if (declares_list_changed(result_, capabilities_, capability)) promised_.emplace(capability);
  }
  return jsonrpc::notification_text(method::kInitialized, {});
}

std::string HandshakeEra::refusal(const jsonrpc::Message& answer) const {
  if (answer.kind() != jsonrpc::Kind::kError) return {};
  const jsonrpc::Span error = answer.envelope.error;
  return jsonrpc::string_member(answer.text, error, "message")
      .value_or(std::string(error.in(answer.text)));
}

std::string HandshakeEra::encode(WireId id, Call& call) const {
  const std::string wire = std::to_string(id);
  return jsonrpc::splice_in_place(std::exchange(call.line, {}),
                                  {{call.id_at, wire}, {call.token_at, wire}});
}

std::string HandshakeEra::restore(WireId id, std::string line, const Call& call) const {
  const std::size_t wire = std::to_string(id).size();
  // An edit moves what is behind it.
  const auto place = [wire](jsonrpc::Span at, jsonrpc::Span other) {
    if (at && other && other.begin < at.begin) at.begin = at.begin + wire - other.size;
    if (at) at.size = wire;
    return at;
  };
  return jsonrpc::splice_in_place(std::move(line),
                                  {{place(call.id_at, call.token_at), call.reply.client_id()},
                                   {place(call.token_at, call.id_at), call.progress_token}});
}

Answer HandshakeEra::decode(jsonrpc::Message message, const Call& call) const {
  const jsonrpc::Envelope& envelope = message.envelope;
  const std::string& client_id = call.reply.client_id();
  const bool is_error = message.kind() == jsonrpc::Kind::kError;
  Answer answer;
  answer.outcome = is_error ? Outcome::kError : Outcome::kResult;
  answer.payload = is_error ? envelope.error : envelope.result;
  if (answer.payload.begin > envelope.id.begin)
    answer.payload.begin += client_id.size() - envelope.id.size;
  answer.tool_error = envelope.is_error.in(message.text) == "true";
  answer.text = jsonrpc::splice_in_place(std::move(message.text), {{envelope.id, client_id}});
  if (is_error) answer.message = error_message(answer);
  return answer;
}

std::string HandshakeEra::cancellation(WireId id, std::string_view reason) const {
  return jsonrpc::notification_text(
      method::kCancelled,
      fmt::format(R"({{"requestId":{},"reason":{}}})", id, jsonrpc::string_token(reason)));
}

std::string HandshakeEra::cancellation(WireId id, const jsonrpc::Message& of_client) const {
  const std::string wire = std::to_string(id);
  if (of_client.text.size() > kMaxCancel)
    return jsonrpc::notification_text(method::kCancelled, R"({"requestId":)" + wire + "}");
  return jsonrpc::splice(of_client.text, {{of_client.envelope.request_id, wire}});
}

std::string_view HandshakeEra::probe() const { return method::kPing; }

bool HandshakeEra::declares(std::string_view capability) const {
  return static_cast<bool>(jsonrpc::member(result_, capabilities_, capability));
}

bool HandshakeEra::promises_changes(std::string_view capability) const {
  return promised_.contains(capability);
}

std::string HandshakeEra::initialize_result(std::string_view asked_version) const {
  const std::string told = jsonrpc::string_token(mcp::negotiate(asked_version, version_));
  return jsonrpc::splice(result_, {{version_at_, told}});
}

}  // namespace sidecar::mux
