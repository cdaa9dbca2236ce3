// Session: one MCP session of a client: whose it is, how long it has been idle, and its place in the
// multiplexer. How messages travel is the transport's business: each transport derives from it. Owned by
// SessionTable; loop thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "jsonrpc/message.hpp"
#include "mux/call.hpp"
#include "mux/multiplexer.hpp"
#include "observe/caller.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"

namespace sidecar::session {

class Session : public mux::Client {
 public:
  // `id`: random, from SessionTable. `caller`: shared with the request that opened the session.
  Session(std::string id, std::shared_ptr<const observe::Caller> caller, mux::Multiplexer& multiplexer,
          Timers& timers);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const std::string& id() const { return id_; }
  const observe::Caller& caller() const { return *caller_; }
  bool belongs_to(const observe::Caller& caller) const { return caller.owner == caller_->owner; }

  // A message of the client. Errors (-32600): a request under an id that is in flight; its answer could not
  // be told from the first one's, so it must not go where answers go.
  Result<void> receive(jsonrpc::Message message);

  // Since the last message of the client other than ping. With a call in flight a session is not idle.
  bool idle_since(Clock::time_point before) const;

 protected:
  // The answer to a request of this session's client.
  virtual void on_answer(mux::Answer answer) = 0;

 private:
  const std::string id_;
  const std::shared_ptr<const observe::Caller> caller_;
  mux::Multiplexer& multiplexer_;
  Timers& timers_;
  const mux::ClientId client_;
  Clock::time_point last_message_;
};

}  // namespace sidecar::session
