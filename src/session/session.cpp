#include "session/session.hpp"

#include <array>
#include <fmt/format.h>

#include "mcp/protocol.hpp"
#include "session/observed_call.hpp"

namespace sidecar::session {
namespace {

constexpr std::chrono::seconds kRetryNoInstance{5};

// The value of a string token, cut to kMaxWord bytes between UTF-8 characters; empty: not a string,
// or much too long.
std::string word(std::string_view token) {
  if (token.size() > 8 * Session::kMaxWord) return {};
  std::string text = jsonrpc::string_value(token).value_or("");
  std::size_t size = std::min(text.size(), Session::kMaxWord);
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  text.resize(size);
  return text;
}

}  // namespace

Session::Session(std::string_view transport, std::string id,
                 std::shared_ptr<const observe::Caller> caller, mux::Instances& instances,
                 Timers& timers)
    : source_(std::make_shared<observe::CallSource>(
          observe::CallSource{transport, std::move(id), {}, {}})),
      caller_(std::move(caller)),
      speaker_(caller_),
      instances_(instances),
      timers_(timers),
      opened_(timers.now()),
      last_active_(opened_) {}

Session::~Session() = default;

bool Session::admit(std::shared_ptr<const observe::Caller> caller) {
  if (!belongs_to(*caller)) return false;
  if (*caller == *speaker_) return true;
  resource_rules_.reset();
  speaker_ = std::move(caller);
  return true;
}

bool Session::may_receive_updates_of(std::string_view uri) const {
  if (!resource_rules_) resource_rules_.emplace(*speaker_);
  return resource_rules_->allow(uri);
}

Result<void> Session::receive(jsonrpc::Message message, mux::Reply::Deliver deliver,
                              mux::Reply::Notify notify) {
  const bool notification = message.kind() == jsonrpc::Kind::kNotification;
  if (notification && !mcp::names_notification(message.method())) {
    instances_.drop("request_without_id");
    return {};
  }
  if (message.kind() == jsonrpc::Kind::kRequest && mcp::names_notification(message.method()))
    return fail(fmt::format("a request must not be named {}: a notification has no id",
                            jsonrpc::string_token(message.method().substr(0, kMaxWord))));
  const bool ping = message.method() == mcp::method::kPing;
  if (!ping) last_active_ = timers_.now();
  traffic_.bytes_in += message.text.size();
  if (!ping && message.kind() == jsonrpc::Kind::kRequest) ++traffic_.calls;
  if (!lease_) {
    // A ping does not show which instance the client needs, so it is answered here.
    if (ping && message.kind() == jsonrpc::Kind::kRequest) {
      deliver(mux::make_result(message.id(), "{}"));
      return {};
    }
    auto lease = instances_.join(*this, *caller_, message);
    if (!lease) {
      if (message.kind() == jsonrpc::Kind::kRequest)
        refuse(std::move(message), std::move(deliver), lease.error().message);
      return {};
    }
    lease_ = *std::move(lease);
  }
  switch (message.kind()) {
    case jsonrpc::Kind::kNotification:
      if (!may_notify(*speaker_, message.method())) break;
      if (message.method() == mcp::method::kCancelled)
        checked_.erase(std::string(message.envelope.request_id.in(message.text)));
      lease_->notification(std::move(message));
      break;
    case jsonrpc::Kind::kResult:
    case jsonrpc::Kind::kError:
      lease_->answer(message);
      break;
    case jsonrpc::Kind::kRequest:
      if (lease_->has_call(message.id()) || checked_.contains(std::string(message.id())))
        return fail("a request with this id is already in flight");
      request(std::move(message), std::move(deliver), std::move(notify));
  }
  return {};
}

void Session::request(jsonrpc::Message message, mux::Reply::Deliver deliver,
                      mux::Reply::Notify notify) {
  const bool initialize = message.method() == mcp::method::kInitialize;
  const bool ping = message.method() == mcp::method::kPing;
  if (initialize) learn(message);
  ++waiting_;
  const bool checked = message.method() == mcp::method::kToolsCall && speaker_->read_only();
  const std::string id(checked ? message.id() : std::string_view());
  if (checked) checked_.insert(id);
  // `this` is safe: the instance does not use the reply after the session has left.
  auto finished = [this, id, checked, initialize, ping,
                   deliver = std::move(deliver)](mux::Answer answer) {
    if (checked) checked_.erase(id);
    --waiting_;
    if (!ping) last_active_ = timers_.now();
    if (initialize) learn(answer);
    deliver(std::move(answer));
  };
  Send send = [this](jsonrpc::Message each, mux::Reply reply) {
    lease_->request(std::move(each), std::move(reply));
  };
  if (checked) {
    send = [this, id, pass = std::move(send)](jsonrpc::Message each, mux::Reply reply) {
      if (each.id() != id || checked_.erase(id) > 0) return pass(std::move(each), std::move(reply));
      mux::Answer answer;
      answer.outcome = mux::Outcome::kCancelled;
      reply.send(std::move(answer));
    };
  }
  send_observed(calls_, source_, speaker_, std::move(message), std::move(finished),
                std::move(notify), send);
}

void Session::refuse(jsonrpc::Message message, mux::Reply::Deliver deliver, std::string why) {
  send_observed(calls_, source_, speaker_, std::move(message), std::move(deliver), nullptr,
                [why = std::move(why)](const jsonrpc::Message&, mux::Reply reply) {
                  reply.send(mux::make_failure(mux::Outcome::kUnavailable, reply.client_id(),
                                               mcp::code::kBusy, why, {}, kRetryNoInstance));
                });
}

void Session::learn(const jsonrpc::Message& initialize) {
  static constexpr std::array<std::string_view, 1> kInfo = {"clientInfo"};
  static constexpr std::array<std::string_view, 2> kWords = {"name", "version"};
  const jsonrpc::Span params = initialize.envelope.params;
  const auto info = params ? jsonrpc::find_members(initialize.text, kInfo, params)
                           : Result<std::vector<jsonrpc::Span>>(fail("no params"));
  if (!info || !(*info)[0]) return;
  const auto words = jsonrpc::find_members(initialize.text, kWords, (*info)[0]);
  if (!words) return;
  source_->client_name = word((*words)[0].in(initialize.text));
  source_->client_version = word((*words)[1].in(initialize.text));
}

void Session::learn(mux::Answer& answer) {
  if (answer.outcome != mux::Outcome::kResult) return;
  static constexpr std::array<std::string_view, 1> kVersion = {"protocolVersion"};
  jsonrpc::pad(answer.text);
  const auto places = jsonrpc::find_members(answer.text, kVersion, answer.payload);
  if (places) version_ = word((*places)[0].in(answer.text));
}

}  // namespace sidecar::session
