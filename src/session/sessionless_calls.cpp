#include "session/sessionless_calls.hpp"

#include <utility>
#include <vector>

#include "mcp/protocol.hpp"

namespace sidecar::session {

SessionlessCalls::SessionlessCalls(mux::Instances& instances, std::string_view transport,
                                   std::optional<Clock::duration> timeout)
    : instances_(instances),
      source_(std::make_shared<observe::CallSource>(observe::CallSource{
          .transport = transport, .session = {}, .client_name = {}, .client_version = {}})),
      timeout_(timeout) {}

void SessionlessCalls::send(CallerPtr caller, jsonrpc::Message message, mux::Reply::Deliver deliver,
                            mux::Reply::Notify notify, std::function<bool(std::uint64_t)> known) {
  const auto running = std::make_shared<Running>();
  running->caller = std::move(caller);
  running->id = message.id();
  running->deliver = std::move(deliver);
  running_.push_back(*running);
  auto once = [running](mux::Answer answer) {
    if (const auto taker = std::exchange(running->deliver, nullptr)) taker(std::move(answer));
  };
  mux::Reply::Notify while_pending;
  if (notify) {
    running->notify = std::move(notify);
    while_pending = [running](std::string text) {
      if (running->notify) running->notify(std::move(text));
    };
  }
  ClientCall::start(*this, calls_, source_,
                    {.message = std::move(message),
                     .caller = running->caller,
                     .trace = running->caller->trace,
                     .deliver = std::move(once),
                     .notify = std::move(while_pending),
                     .known = std::move(known)});
}

void SessionlessCalls::end_calls(const Holds& holds) {
  std::vector<std::shared_ptr<Running>> gone;
  for (Running& each : running_) {
    if (!holds(*each.caller)) gone.push_back(each.shared_from_this());
  }
  for (const auto& each : gone) {
    each->notify = nullptr;
    if (const auto taker = std::exchange(each->deliver, nullptr))
      taker(mux::make_failure(mux::Outcome::kKeyGone, each->id, mcp::code::kInvalidParams,
                              "the key or token of this call is revoked or has expired"));
  }
}

void SessionlessCalls::send(const auth::Principal& caller, jsonrpc::Message request,
                            mux::Reply reply) {
  instances_.request(caller.share_owner(), std::move(request), std::move(reply), timeout_);
}

void SessionlessCalls::send_own(const auth::Principal& caller, jsonrpc::Message request,
                                mux::Reply reply) {
  send(caller, std::move(request), std::move(reply));
}

}  // namespace sidecar::session
