#include "mux/features/log_levels.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "jsonrpc/member_names.hpp"
#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"
#include "mux/core/wire.hpp"

namespace sidecar::mux {

namespace code = mcp::code;
namespace method = mcp::method;

namespace {

// Whether some server takes the name for a level, which would then hold for all clients.
bool imitates_level(std::string_view name) {
  const LogLevel last = *log_level("emergency");
  for (LogLevel level = 0; level <= last; ++level) {
    if (jsonrpc::reads_like(name, log_level_name(level), false)) return true;
  }
  return false;
}

}  // namespace

std::optional<Answer> LogLevels::on_request(ClientId client, jsonrpc::Message& message,
                                            Call& call) {
  const std::string& text = message.text;
  const jsonrpc::Span place = member(text, message.envelope.params, "level");
  const auto name = place ? jsonrpc::string_value(place.in(text)) : fail("none");
  const auto level = name ? log_level(*name) : std::nullopt;
  if (name && !level && imitates_level(*name))
    return make_failure(Outcome::kError, call.reply.client_id(), code::kInvalidParams,
                        "unknown log level");
  if (!level || client == kNoClient) return {};  // the child says what is wrong
  LogLevelTable then = table_;
  then.set(client, *level);
  const LogLevel wanted = *then.for_child(core_.clients().size());
  // An open request of the client would be answered after this one.
  const auto own = core_.calls().of_client(client);
  const bool waits = std::any_of(own.begin(), own.end(), [this](WireId id) {
    return core_.calls().find(id)->method == method::kSetLevel;
  });
  if (wanted == child_level_ && !waits) {
    table_ = std::move(then);
    return make_result(call.reply.client_id(), "{}");
  }
  call.subject = *name;
  if (wanted == *level) return {};
  // Parsed anew, because the envelope's places behind the level move.
  auto changed = jsonrpc::parse(
      jsonrpc::splice(text, {{place, jsonrpc::string_token(log_level_name(wanted))}}));
  if (changed) message = std::move(*changed);
  return {};
}

// The child's level changes when the child has the request, which may wait, be cancelled or move.
std::optional<Answer> LogLevels::before_send(WireId, Call& call) {
  if (call.subject.empty()) return {};
  if (const auto message = jsonrpc::parse(call.line)) {
    const auto level = string_member(message->text, message->envelope.params, "level");
    child_level_ = log_level(level.value_or(""));
  }
  return {};
}

void LogLevels::on_result(WireId, Call& call, Answer& answer) {
  if (call.subject.empty()) return;
  if (answer.outcome != Outcome::kResult) {
    child_level_.reset();
  } else if (call.reply.pending()) {
    table_.set(call.client, *log_level(call.subject));
  }
  // Another client may have chosen meanwhile, or been answered on the assumption that this request
  // would succeed.
  adjust();
}

// The child may have changed its level all the same.
void LogLevels::on_abandoned(std::string_view, const std::string&) {
  child_level_.reset();
  adjust();
}

void LogLevels::client_left(ClientId client) {
  table_.forget(client);
  adjust();
}

void LogLevels::child_ready() {
  child_level_.reset();
  adjust();
}

void LogLevels::migrate_to(Feature& successor) {
  static_cast<LogLevels&>(successor).table_ = table_;
}

bool LogLevels::lets_through(ClientId client, const jsonrpc::Message& message) const {
  if (message.method() != method::kLogMessage) return true;
  return table_.lets_through(
      client,
      log_level(string_member(message.text, message.envelope.params, "level").value_or("")));
}

void LogLevels::adjust() {
  const auto wanted = table_.for_child(core_.clients().size());
  if (!wanted || wanted == child_level_ || core_.clients().empty() || !core_.takes_calls()) return;
  child_level_ = wanted;
  core_.ask_child(
      method::kSetLevel, fmt::format(R"({{"level":"{}"}})", log_level_name(*wanted)),
      [this](const Answer& answer) {
        if (answer.outcome != Outcome::kResult) child_level_.reset();
      },
      core_.limits().call_timeout);
}

}  // namespace sidecar::mux
