// Session: one MCP session of a client: its owner, its idle time, the result of its handshake, and
// its lease of an instance of the wrapped server, taken with the first message that is not a ping.
// Knows nothing of HTTP: each transport derives from it. Owned by SessionTable; loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.hpp"
#include "http/budget.hpp"
#include "jsonrpc/message.hpp"
#include "mux/core/call.hpp"
#include "mux/pool/instances.hpp"
#include "observe/calls.hpp"
#include "observe/trace_context.hpp"
#include "session/client_call.hpp"
#include "session/uri_rules.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"

namespace sidecar::session {

// Traffic between a session and its client: JSON-RPC messages, without the HTTP around them.
struct Traffic {
  std::uint64_t calls = 0;  // requests of the client, pings aside
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

// Why a request is refused: it is named like a notification. Empty: it is not.
std::string misnamed(const jsonrpc::Message& request);

class Session : public mux::Client, private CallSender {
 public:
  static constexpr std::size_t kMaxWord = 200;  // bytes kept of a client's name

  // `transport`: kTransport of the derived class, a literal that no other class has. `id`: from
  // SessionTable::new_id(). `caller`: shared with the request that opened the session.
  Session(std::string_view transport, std::string id, std::shared_ptr<const auth::Principal> caller,
          mux::Instances& instances, Timers& timers);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const std::string& id() const { return source_->session; }
  // This session if it is one of transport S, else nullptr.
  template <class S>
  S* as() {
    return source_->transport == S::kTransport ? static_cast<S*>(this) : nullptr;
  }
  // Includes the client's name and version after `initialize`.
  const observe::CallSource& source() const { return *source_; }
  // The caller that opened it.
  const auth::Principal& caller() const { return *caller_; }
  // The caller that was admitted last; its permissions apply.
  const auth::Principal& latest_caller() const { return *latest_caller_; }
  bool belongs_to(const auth::Principal& caller) const { return caller.owner == caller_->owner; }
  // Whether `caller` may use this session. If so, its permissions apply from now on.
  bool admit(std::shared_ptr<const auth::Principal> caller);

  // Its client has got this id. Call through SessionTable::rename().
  void set_id(std::string id) { source_->session = std::move(id); }
  // Continues a session of an earlier process: takes its revision and capabilities, and reports
  // that the lists may differ. Call once, before anything else. Errors: there is no room for its
  // dedicated child; the text is for the client.
  Result<void> revive(const mux::ClientProfile& profile);

  // From now on the session's calls are recorded by `calls`, which outlives the session.
  void observe_by(const observe::Calls& calls) { calls_ = &calls; }
  // `budget` counts the bytes kept for the client; it outlives the session and its calls.
  void charge_to(http::Budget& budget) { budget_ = &budget; }
  http::Budget* budget() const { return budget_; }

  // The protocol revision in the answer to `initialize`; empty before it, and for a client that
  // never sent `initialize` (legacy SSE).
  const std::string& version() const { return version_; }
  // The name of its instance; empty before the first message.
  std::string_view instance() const { return lease_ ? std::string_view(lease_->instance()) : ""; }

  // Takes a message of the client. For a request, `deliver` is called once, possibly from inside
  // this call, unless the session ends first; with Outcome::kCancelled if the client withdrew the
  // call. `notify_call`: see mux::Reply. `trace`: of the HTTP request. Drops and counts a message
  // without an id whose method is not a notification.
  // Errors (-32600, no callback is called): a request whose id is in flight, because the answers
  // could not be told apart; a request named like a notification.
  Result<void> receive(jsonrpc::Message message, mux::Reply::Deliver deliver,
                       mux::Reply::Notify notify_call = nullptr, observe::TraceContext trace = {});

  // Whether there was no message and no stream to the client since `before`, and there is no call
  // in flight.
  bool idle_since(Clock::time_point before) const {
    return last_active_ <= before && last_connected() <= before && waiting_ == 0;
  }
  Clock::time_point last_active() const { return last_active_; }
  Clock::time_point opened() const { return opened_; }
  const Traffic& traffic() const { return traffic_; }
  // Calls that the client waits for. Withdrawn calls do not count, although the instance keeps
  // them: many servers never answer them.
  std::size_t calls() const { return waiting_; }
  bool has_dedicated_child() const { return lease_ && lease_->dedicated(); }
  bool may_receive_updates_of(std::string_view uri) const override;
  // When a stream to the client was last open: now, if one is.
  virtual Clock::time_point last_connected() const { return opened_; }
  // Whether it may be ended to make room for a new one: no stream and no call is open.
  virtual bool expendable() const { return false; }

 protected:
  // Must be called for each message that is sent to the client.
  void count_sent(std::size_t bytes) { traffic_.bytes_out += bytes; }
  // Leaves the instance: the session's calls are cancelled there, and no callback is called later.
  void leave() { lease_.reset(); }

 private:
  void notify(jsonrpc::Message message);
  void call(ClientRequest request);
  // Of CallSender.
  void send(const auth::Principal& caller, jsonrpc::Message request, mux::Reply reply) override;
  void send_own(const auth::Principal& caller, jsonrpc::Message request, mux::Reply reply) override;
  void on_call_end(const ClientCall& call, mux::Answer& answer) override;
  void learn(const jsonrpc::Message& initialize);
  void learn(mux::Answer& answer);

  const std::shared_ptr<observe::CallSource> source_;     // shared with its calls
  const std::shared_ptr<const auth::Principal> caller_;   // the one that opened it
  std::shared_ptr<const auth::Principal> latest_caller_;  // the one admitted last
  mutable std::optional<ResourceRules> resource_rules_;   // of latest_caller_, made on first use
  mux::Instances& instances_;
  Timers& timers_;
  std::unique_ptr<mux::InstanceLease> lease_;
  std::string version_;
  const observe::Calls* calls_ = nullptr;
  http::Budget* budget_ = nullptr;
  std::size_t waiting_ = 0;
  Traffic traffic_;
  const Clock::time_point opened_;
  Clock::time_point last_active_;  // last message of the client, or answer to one
};

}  // namespace sidecar::session
