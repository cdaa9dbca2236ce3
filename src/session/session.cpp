#include "session/session.hpp"

#include "mcp/protocol.hpp"

namespace sidecar::session {

Session::Session(std::string id, std::shared_ptr<const observe::Caller> caller, mux::Multiplexer& multiplexer,
                 Timers& timers)
    : id_(std::move(id)),
      caller_(std::move(caller)),
      multiplexer_(multiplexer),
      timers_(timers),
      client_(multiplexer.add(*this, caller_->owner)),
      last_message_(timers.now()) {}

Session::~Session() { multiplexer_.remove(client_); }

Result<void> Session::receive(jsonrpc::Message message) {
  if (message.method() != mcp::method::kPing) last_message_ = timers_.now();
  switch (message.kind()) {
    case jsonrpc::Kind::kNotification:
      multiplexer_.notification(client_, std::move(message));
      break;
    case jsonrpc::Kind::kResult:
    case jsonrpc::Kind::kError:
      multiplexer_.answer(client_, message);
      break;
    case jsonrpc::Kind::kRequest: {
      if (multiplexer_.has_call(client_, message.id()))
        return fail("a request with this id is already in flight");
      // The multiplexer forgets this reply when the session leaves it.
      mux::Reply reply(std::string(message.id()),
                       [this](mux::Answer answer) { on_answer(std::move(answer)); });
      multiplexer_.request(client_, std::move(message), std::move(reply));
    }
  }
  return {};
}

bool Session::idle_since(Clock::time_point before) const {
  return last_message_ <= before && multiplexer_.calls_of(client_) == 0;
}

}  // namespace sidecar::session
