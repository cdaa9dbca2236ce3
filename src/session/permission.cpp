#include "session/permission.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "config/text.hpp"
#include "mcp/protocol.hpp"
#include "session/list_filter.hpp"
#include "session/tool_pages.hpp"

namespace sidecar::session {
namespace {

namespace method = mcp::method;
using auth::Permissions;
using Part = PartRules::Part;

// A method that uses one thing, by its name or its URI.
struct Use {
  std::string_view method;
  Part part;
  bool by_uri;
};

constexpr Use kUses[] = {
    {method::kToolsCall, &Permissions::tools, false},
    {method::kPromptsGet, &Permissions::prompts, false},
    {method::kResourcesRead, &Permissions::resources, true},
    {method::kResourcesSubscribe, &Permissions::resources, true},
    {method::kResourcesUnsubscribe, &Permissions::resources, true},
};

constexpr std::string_view kOther[] = {
    method::kInitialize,  method::kPing,      method::kSetLevel,    method::kTasksGet,
    method::kTasksResult, method::kTasksList, method::kTasksCancel, method::kComplete};

constexpr std::string_view kNotifications[] = {method::kInitialized, method::kCancelled,
                                               method::kProgress, method::kRootsListChanged};

template <class Rule, std::size_t Count>
const Rule* find(const Rule (&rules)[Count], std::string_view name) {
  const auto* found = std::find_if(std::begin(rules), std::end(rules),
                                   [name](const Rule& rule) { return rule.method == name; });
  return found == std::end(rules) ? nullptr : found;
}

std::optional<std::string> refused(std::string_view what) {
  return fmt::format("not permitted: this caller may not use {}", config::shown(what));
}

// A completion refers to a prompt or a resource template.
std::optional<std::string> refusal_of_completion(const auth::Principal& caller,
                                                 const jsonrpc::Message& request) {
  static constexpr std::array<std::string_view, 1> kRef = {"ref"};
  static constexpr std::array<std::string_view, 2> kNames = {"name", "uri"};
  constexpr Part kParts[] = {&Permissions::prompts, &Permissions::resources};
  const auto ref = jsonrpc::find_members(request.text, kRef, request.envelope.params);
  if (!request.envelope.params || !ref || !(*ref)[0])
    return refused("completion without a reference");
  const auto names = jsonrpc::find_members(request.text, kNames, (*ref)[0]);
  if (!names) return refused("this reference");
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!(*names)[i]) continue;
    const auto name = jsonrpc::string_value((*names)[i].in(request.text));
    if (!name || !PartRules(caller, kParts[i]).allow_template(*name))
      return refused("completion for this reference");
  }
  return std::nullopt;
}

// Whether the annotations of `tool` have a true readOnlyHint; nullopt: it is not in `tools`.
std::optional<bool> only_reads(const std::string& text, const std::vector<jsonrpc::Span>& tools,
                               std::string_view tool) {
  static constexpr std::array<std::string_view, 2> kNames = {"name", "annotations"};
  for (const jsonrpc::Span each : tools) {
    const auto places = jsonrpc::find_members(text, kNames, each);
    if (!places || jsonrpc::string_value((*places)[0].in(text)).value_or("") != tool) continue;
    return has_read_only_hint(text, (*places)[1]);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> refusal(const auth::Principal& caller, const jsonrpc::Message& request) {
  if (!caller.restricted()) return std::nullopt;
  const std::string_view name = request.method();
  if (const Use* use = find(kUses, name)) {
    const jsonrpc::Span place = use->by_uri ? request.envelope.uri : request.envelope.name;
    const auto used = jsonrpc::string_value(place.in(request.text));
    if (!used) return refused("what it does not name");
    if (PartRules(caller, use->part).allow(*used)) return std::nullopt;
    return refused(place.in(request.text));
  }
  if (name == method::kComplete) return refusal_of_completion(caller, request);
  const bool known =
      is_listing(name) || std::find(std::begin(kOther), std::end(kOther), name) != std::end(kOther);
  return known ? std::nullopt : refused("this method");
}

void check_read_only(const std::string& tool, FetchToolPage fetch,
                     std::function<void(std::string_view why)> done) {
  auto found = std::make_shared<bool>(false);
  ToolPages pages;
  pages.fetch = std::move(fetch);
  pages.page = [tool, found](const std::string& text, const std::vector<jsonrpc::Span>& tools) {
    const auto reads = only_reads(text, tools, tool);
    *found = reads.value_or(false);
    return !reads;
  };
  pages.done = [found, done = std::move(done)](const ToolPages::Outcome& outcome) {
    if (*found) return done({});
    done(outcome.end == ToolPages::End::kNeverEnds ? "was not found: " + outcome.problem
                                                   : "is not known to be read-only");
  };
  walk(std::move(pages));
}

bool may_notify(const auth::Principal& caller, std::string_view name) {
  return !caller.restricted() || std::find(std::begin(kNotifications), std::end(kNotifications),
                                           name) != std::end(kNotifications);
}

}  // namespace sidecar::session
