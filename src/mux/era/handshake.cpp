#include "mux/era/handshake.hpp"

#include <array>
#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "util/version.hpp"

namespace sidecar::mux {
namespace {

bool declares_list_changed(const std::string& text, jsonrpc::Span capabilities,
                           std::string_view capability) {
  static constexpr std::array<std::string_view, 1> kListChanged = {"listChanged"};
  if (!capabilities) return false;
  const std::array<std::string_view, 1> names = {capability};
  const auto place = jsonrpc::find_members(text, names, capabilities);
  if (!place || !(*place)[0]) return false;
  const auto promise = jsonrpc::find_members(text, kListChanged, (*place)[0]);
  return promise && (*promise)[0].in(text) == "true";
}

ServerIdentity identity_of(const std::string& result, const std::string& protocol) {
  static constexpr std::array<std::string_view, 1> kServerInfo = {"serverInfo"};
  static constexpr std::array<std::string_view, 2> kNames = {"name", "version"};
  ServerIdentity identity{{}, {}, protocol.substr(0, ServerIdentity::kMaxWord)};
  const auto info = jsonrpc::find_members(result, kServerInfo);
  if (!info || !(*info)[0]) return identity;
  const auto places = jsonrpc::find_members(result, kNames, (*info)[0]);
  if (!places) return identity;
  for (const auto& [place, word] :
       {std::pair((*places)[0], &identity.name), std::pair((*places)[1], &identity.version)}) {
    *word =
        jsonrpc::string_value(place.in(result)).value_or("").substr(0, ServerIdentity::kMaxWord);
  }
  return identity;
}

}  // namespace

std::string Handshake::params(bool declares_sampling_and_elicitation) {
  return fmt::format(
      R"({{"protocolVersion":"{}","capabilities":{},"clientInfo":{{"name":"mcp-sidecar","version":"{}"}}}})",
      mcp::kLatestHandshakeVersion,
      declares_sampling_and_elicitation ? R"({"sampling":{},"elicitation":{"form":{},"url":{}}})"
                                        : "{}",
      kVersion);
}

Result<void> Handshake::finish(const jsonrpc::Message& answer) {
  if (answer.kind() == jsonrpc::Kind::kError) {
    return fail("it answered initialize with the error " +
                std::string(answer.envelope.error.in(answer.text)));
  }
  std::string result(answer.envelope.result.in(answer.text));
  jsonrpc::pad(result);
  static constexpr std::array<std::string_view, 2> kNames = {"protocolVersion", "capabilities"};
  const auto places = jsonrpc::find_members(result, kNames);
  if (!places) return fail("its answer to initialize is invalid: " + places.error().message);
  const auto version = jsonrpc::string_value((*places)[0].in(result));
  if (!version) return fail("its answer to initialize has no protocolVersion");
  version_at_ = (*places)[0];
  capabilities_ = (*places)[1];
  version_ = *version;
  result_ = std::move(result);
  identity_ = identity_of(result_, version_);
  done_ = true;
  promised_.clear();
  for (const std::string_view capability : {"tools", "prompts", "resources"}) {
    if (declares_list_changed(result_, capabilities_, capability)) promised_.emplace(capability);
  }
  return {};
}

bool Handshake::declares(std::string_view capability) const {
  if (!capabilities_) return false;
  const std::array<std::string_view, 1> names = {capability};
  const auto places = jsonrpc::find_members(result_, names, capabilities_);
  return places && (*places)[0];
}

bool Handshake::promises_changes(std::string_view capability) const {
  return promised_.contains(capability);
}

std::string Handshake::result_for(std::string_view asked_version) const {
  const std::string told = jsonrpc::string_token(mcp::negotiate(asked_version, version_));
  return jsonrpc::splice(result_, {{version_at_, told}});
}

}  // namespace sidecar::mux
