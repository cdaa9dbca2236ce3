#include "mux/core/client_profile.hpp"

#include <fmt/format.h>

#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "util/version.hpp"

namespace sidecar::mux {
namespace {

namespace method = mcp::method;
using jsonrpc::Span;

// Bytes of the protocolVersion token. A longer one counts as missing.
constexpr std::size_t kMaxVersion = 64;

// A capability is declared by an object.
bool declared(const std::string& text, Span place) { return place && text[place.begin] == '{'; }

}  // namespace

bool ClientProfile::takes(std::string_view name, std::string_view mode) const {
  if (name == method::kSampling) return sampling;
  if (name == method::kElicitation) return mode == "url" ? elicitation_url : elicitation;
  if (name == method::kRootsList) return roots;
  if (name.starts_with("tasks/")) return tasks;
  return false;
}

ClientProfile profile_of(const jsonrpc::Message& initialize) {
  ClientProfile profile;
  const std::string& text = initialize.text;
  const auto [version, capabilities] =
      jsonrpc::members(text, initialize.envelope.params, {"protocolVersion", "capabilities"});
  if (version && version.size <= kMaxVersion)
    profile.version = jsonrpc::string_value(version.in(text)).value_or("");
  const auto [sampling, elicitation, roots, tasks] =
      jsonrpc::members(text, capabilities, {"sampling", "elicitation", "roots", "tasks"});
  profile.sampling = declared(text, sampling);
  profile.roots = declared(text, roots);
  profile.tasks = declared(text, tasks);
  if (declared(text, elicitation)) {
    const auto [form, url] = jsonrpc::members(text, elicitation, {"form", "url"});
    // An empty object, as before 2025-11-25, means forms.
    profile.elicitation_url = declared(text, url);
    profile.elicitation = declared(text, form) || !profile.elicitation_url;
  }
  return profile;
}

jsonrpc::Message initialize_of(const ClientProfile& profile) {
  std::string capabilities;
  const auto declare = [&capabilities](bool has, std::string_view member) {
    if (has) capabilities.append(capabilities.empty() ? "" : ",").append(member);
  };
  declare(profile.sampling, R"("sampling":{})");
  // Before 2025-11-25 an elicitation capability has no members.
  declare(profile.elicitation && !profile.elicitation_url, R"("elicitation":{})");
  declare(profile.elicitation_url && !profile.elicitation, R"("elicitation":{"url":{}})");
  declare(profile.elicitation_url && profile.elicitation, R"("elicitation":{"form":{},"url":{}})");
  declare(profile.roots, R"("roots":{})");
  declare(profile.tasks, R"("tasks":{})");
  const std::string params = fmt::format(
      R"({{"protocolVersion":{},"capabilities":{{{}}},"clientInfo":{{"name":"mcp-sidecar","version":"{}"}}}})",
      jsonrpc::string_token(profile.version), capabilities, kVersion);
  // Made of checked parts, so it is a message.
  return *jsonrpc::parse(jsonrpc::request_text("0", method::kInitialize, params));
}

std::string dedicated_handshake_params(const jsonrpc::Message& initialize, bool allow_roots) {
  const Span params = initialize.envelope.params;
  const std::string& text = initialize.text;
  const auto [version, capabilities] =
      jsonrpc::members(text, params, {"protocolVersion", "capabilities"});
  if (!version) return {};
  const Span roots = jsonrpc::member(text, capabilities, "roots");
  std::string own(params.in(text));
  if (roots && !allow_roots) {
    const auto inside = [&params](Span place) {
      return Span{place.begin - params.begin, place.size};
    };
    own = jsonrpc::without_member(own, inside(capabilities), inside(roots));
  }
  jsonrpc::pad(own);
  return own;
}

}  // namespace sidecar::mux
