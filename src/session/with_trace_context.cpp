#include "session/with_trace_context.hpp"

#include <fmt/format.h>
#include <optional>

namespace sidecar::session {
namespace {

struct Insertion {
  std::size_t at;
  std::string text;
};

// Inserts `members` at the beginning of the object at `object`.
Insertion into(const std::string& text, jsonrpc::Span object, std::string members) {
  const std::string_view inside = object.in(text).substr(1, object.size - 2);
  if (inside.find_first_not_of(" \t\r\n") != inside.npos) members += ',';
  return {object.begin + 1, std::move(members)};
}

std::optional<Insertion> insertion(const std::string& text, const jsonrpc::Envelope& envelope,
                                   const std::string& members) {
  const std::string meta = fmt::format(R"("_meta":{{{}}})", members);
  if (!envelope.params)
    return Insertion{text.find('{') + 1, fmt::format(R"("params":{{{}}},)", meta)};
  const auto found = jsonrpc::find_members(text, envelope.params, {"_meta"});
  if (!found) return std::nullopt;
  const jsonrpc::Span there = found->front();
  if (!there) return into(text, envelope.params, meta);
  const auto own = jsonrpc::find_members(text, there, {"traceparent"});
  if (!own || own->front()) return std::nullopt;
  return into(text, there, members);
}

}  // namespace

jsonrpc::Message with_trace_context(jsonrpc::Message request, const observe::TraceContext& trace) {
  if (!trace) return request;
  std::string members = fmt::format(R"("traceparent":{})", jsonrpc::string_token(trace.parent));
  if (!trace.state.empty())
    members += fmt::format(R"(,"tracestate":{})", jsonrpc::string_token(trace.state));
  const auto where = insertion(request.text, request.envelope, members);
  if (!where) return request;
  std::string text = request.text;
  text.insert(where->at, where->text);
  auto longer = jsonrpc::parse(std::move(text));
  return longer ? *std::move(longer) : std::move(request);
}

}  // namespace sidecar::session
