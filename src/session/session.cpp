#include "session/session.hpp"

#include <array>
#include <fmt/format.h>

#include "mcp/protocol.hpp"
#include "mux/core/client_profile.hpp"
#include "session/permission.hpp"

namespace sidecar::session {
namespace {

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

std::string misnamed(const jsonrpc::Message& request) {
  if (!mcp::names_notification(request.method())) return {};
  return fmt::format("a request must not be named {}: a notification has no id",
                     jsonrpc::string_token(request.method().substr(0, Session::kMaxWord)));
}

Session::Session(std::string_view transport, std::string id,
                 std::shared_ptr<const auth::Principal> caller, mux::Instances& instances,
                 Timers& timers)
    : source_(std::make_shared<observe::CallSource>(
          observe::CallSource{transport, std::move(id), {}, {}})),
      caller_(std::move(caller)),
      latest_caller_(caller_),
      instances_(instances),
      timers_(timers),
      opened_(timers.now()),
      last_active_(opened_) {}

Session::~Session() = default;

bool Session::admit(std::shared_ptr<const auth::Principal> caller) {
  if (!belongs_to(*caller)) return false;
  if (*caller == *latest_caller_) return true;
  resource_rules_.reset();
  latest_caller_ = std::move(caller);
  return true;
}

Result<void> Session::revive(const mux::ClientProfile& profile) {
  auto lease = instances_.join(*this, *caller_, mux::initialize_of(profile));
  if (!lease) return tl::unexpected(lease.error());
  lease_ = *std::move(lease);
  version_ = profile.version;
  lease_->lists_were_seen();
  return {};
}

bool Session::may_receive_updates_of(std::string_view uri) const {
  if (!resource_rules_) resource_rules_.emplace(*latest_caller_);
  return resource_rules_->allow(uri);
}

Result<void> Session::receive(jsonrpc::Message message, mux::Reply::Deliver deliver,
                              mux::Reply::Notify notify_call, observe::TraceContext trace) {
  const bool notification = message.kind() == jsonrpc::Kind::kNotification;
  if (notification && !mcp::names_notification(message.method())) {
    instances_.drop("request_without_id");
    return {};
  }
  if (message.kind() == jsonrpc::Kind::kRequest) {
    if (const std::string why = misnamed(message); !why.empty()) return fail(why);
  }
  const bool ping = message.method() == mcp::method::kPing;
  last_active_ = timers_.now();
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
      // The next message tries again.
      if (message.kind() == jsonrpc::Kind::kRequest) {
        call({.message = std::move(message),
              .caller = latest_caller_,
              .trace = std::move(trace),
              .deliver = std::move(deliver),
              .unavailable = lease.error().message});
      }
      return {};
    }
    lease_ = *std::move(lease);
  }
  switch (message.kind()) {
    case jsonrpc::Kind::kNotification:
      notify(std::move(message));
      break;
    case jsonrpc::Kind::kResult:
    case jsonrpc::Kind::kError:
      lease_->answer(message);
      break;
    case jsonrpc::Kind::kRequest:
      if (lease_->has_call(message.id()) || call_in_look_up(message.id()) != nullptr)
        return fail("a request with this id is already in flight");
      if (message.method() == mcp::method::kInitialize) learn(message);
      call({.message = std::move(message),
            .caller = latest_caller_,
            .trace = std::move(trace),
            .deliver = std::move(deliver),
            .notify = std::move(notify_call)});
  }
  return {};
}

void Session::notify(jsonrpc::Message message) {
  if (!may_notify(*latest_caller_, message.method())) return;
  if (message.method() == mcp::method::kCancelled) {
    ClientCall* const call = call_in_look_up(message.envelope.request_id.in(message.text));
    if (call != nullptr) return call->cancel();
  }
  lease_->notification(std::move(message));
}

void Session::call(ClientRequest request) {
  ++waiting_;
  ClientCall::start(*this, calls_, source_, std::move(request));
}

void Session::send(const auth::Principal& /*caller*/, jsonrpc::Message request, mux::Reply reply) {
  lease_->request(std::move(request), std::move(reply));
}

void Session::send_own(const auth::Principal& /*caller*/, jsonrpc::Message request,
                       mux::Reply reply) {
  lease_->own_request(std::move(request), std::move(reply));
}

void Session::on_call_end(const ClientCall& call, mux::Answer& answer) {
  --waiting_;
  last_active_ = timers_.now();
  if (call.method() == mcp::method::kInitialize) learn(answer);
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
