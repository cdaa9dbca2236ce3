// Feature: one MCP capability with state shared by the clients of a child: subscriptions, log
// levels, tasks …
//
// The rule of a request's method (method_rules.hpp) names its feature. The core calls the feature
// at fixed points of a call's life; the multiplexer passes it the child's notifications. A feature
// sends its own requests to the child only through Core::ask_child(). Owned by Multiplexer. Loop
// thread only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jsonrpc/message.hpp"
#include "mux/core/core.hpp"

namespace sidecar::mux {

class Feature {
 public:
  explicit Feature(Core& core) : core_(core) {}
  virtual ~Feature() = default;
  Feature(const Feature&) = delete;
  Feature& operator=(const Feature&) = delete;

  // A client's request, before it is in flight. A returned answer replaces the child's. May change
  // the message and store data for later in Call::subject.
  virtual std::optional<Answer> on_request(ClientId, jsonrpc::Message&, Call&) { return {}; }
  // An open call is to be handed to the child. True: the feature has answered it, or keeps it until
  // it calls Core::dispatch(). It may no longer exist then.
  virtual bool takes_over(WireId, Call&) { return false; }
  // Just before the call is handed to the child, possibly long after the request. A returned answer
  // replaces the child's.
  virtual std::optional<Answer> before_send(WireId, Call&) { return {}; }
  // The child's answer, error or result, before it is passed on; also of a withdrawn call.
  virtual void on_result(WireId, Call&, Answer&) {}
  // The call was answered or withdrawn.
  virtual void on_end(WireId, const std::string& /*subject*/) {}
  // A withdrawn call is abandoned: the child did not answer it in time.
  virtual void on_abandoned(std::string_view /*method*/, const std::string& /*subject*/) {}
  // The client that a message of the child names in a way that only this feature knows; kNoClient:
  // nobody has what it names; nullopt: it names none.
  virtual std::optional<ClientId> client_named_in(const jsonrpc::Message&) const { return {}; }
  // True: the feature handled the notification.
  virtual bool on_child_notification(const jsonrpc::Message&) { return false; }

  virtual void client_joined() {}
  // The client is no longer in Core::clients(); its calls are about to end.
  virtual void client_leaves(ClientId) {}
  // Its calls have ended.
  virtual void client_left(ClientId) {}
  virtual void permissions_changed() {}

  // The handshake with a new process is done. Restores what an earlier process was given.
  virtual void child_ready() {}
  // The process has ended.
  virtual void child_gone() {}
  // The earliest deadline of the feature (Core::arm()); on_due() is called at or after it.
  virtual std::optional<Clock::time_point> earliest_due() const { return {}; }
  virtual void on_due() {}
  // Sends one pending message of the feature. False: there is none.
  virtual bool work() { return false; }
  // The child is being replaced: `successor`, of the same type, takes over the clients' state.
  virtual void migrate_to(Feature& successor) = 0;

 protected:
  Core& core_;
};

}  // namespace sidecar::mux
