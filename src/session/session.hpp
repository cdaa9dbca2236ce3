// Session: one MCP session of a client: whose it is, how long it has been idle, what its handshake
// said, and its place at an instance of the wrapped server, which it takes with its first message.
// How messages travel is the transport's business: each transport derives from it. Owned by
// SessionTable; loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "http/budget.hpp"
#include "jsonrpc/message.hpp"
#include "mux/core/call.hpp"
#include "mux/pool/instances.hpp"
#include "observe/caller.hpp"
#include "observe/calls.hpp"
#include "session/uri_rules.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"

namespace sidecar::session {

// What has passed between a session and its client: JSON-RPC messages, without HTTP around them.
struct Traffic {
  std::uint64_t calls = 0;  // requests of the client, pings aside
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

class Session : public mux::Client {
 public:
  static constexpr std::size_t kMaxWord = 200;  // bytes that are kept of a client's name

  // `transport`: how it travels, a literal: "sse", "streamable-http". `id`: random, from
  // SessionTable. `caller`: shared with the request that opened the session.
  Session(std::string_view transport, std::string id, std::shared_ptr<const observe::Caller> caller,
          mux::Instances& instances, Timers& timers);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const std::string& id() const { return source_->session; }
  // With the client's name and version, once its `initialize` has said them.
  const observe::CallSource& source() const { return *source_; }
  const observe::Caller& caller() const { return *caller_; }
  // Whose permissions hold for it: the caller that was admitted last.
  const observe::Caller& speaker() const { return *speaker_; }
  bool belongs_to(const observe::Caller& caller) const { return caller.owner == caller_->owner; }
  // Whether a request of `caller` may speak for this session; if so, what follows is held to its
  // permissions.
  bool admit(std::shared_ptr<const observe::Caller> caller);

  // From now on `calls`, which outlives the session, is told of its calls.
  void observe_by(const observe::Calls& calls) { calls_ = &calls; }
  // `budget`, which outlives the session and its calls, counts what is kept for its client.
  void charge_to(http::Budget& budget) { budget_ = &budget; }
  http::Budget* budget() const { return budget_; }

  // The revision that the answer to `initialize` told the client; empty before, and for a client
  // that never asked (legacy SSE).
  const std::string& version() const { return version_; }
  // The name of its instance; empty before the first message.
  std::string_view instance() const { return lease_ ? std::string_view(lease_->instance()) : ""; }

  // A message of the client. For a request `deliver` is called once, possibly from inside this
  // call, unless the session ends before; with Outcome::kCancelled the client itself withdrew the
  // call. `notify`: see mux::Reply. Errors (-32600), nothing is called then: a request under an id
  // that is in flight; its answer could not be told from the first one's.
  Result<void> receive(jsonrpc::Message message, mux::Reply::Deliver deliver,
                       mux::Reply::Notify notify = nullptr);

  // No message of the client other than ping, and no call in flight, since then.
  bool idle_since(Clock::time_point before) const {
    return last_active_ <= before && waiting_ == 0;
  }
  Clock::time_point last_active() const { return last_active_; }
  Clock::time_point opened() const { return opened_; }
  const Traffic& traffic() const { return traffic_; }
  // Calls that the client waits for. Those that it withdrew do not count, though its instance keeps
  // them: many servers never answer them.
  std::size_t calls() const { return waiting_; }
  // Whether it has a child of its own.
  bool has_dedicated_child() const { return lease_ && lease_->dedicated(); }
  bool may_receive_updates_of(std::string_view uri) const override;
  // Whether it may be ended to make room for a new one: nobody listens and nobody waits.
  virtual bool expendable() const { return false; }

 protected:
  // To be called for each message that goes to the client.
  void told(std::size_t bytes) { traffic_.bytes_out += bytes; }
  // Leaves the instance: its calls are cancelled there, and no callback of it comes any more.
  void leave() { lease_.reset(); }

 private:
  void request(jsonrpc::Message message, mux::Reply::Deliver deliver, mux::Reply::Notify notify);
  // There is no place for it at an instance; its next message asks again.
  void refuse(jsonrpc::Message message, mux::Reply::Deliver deliver, std::string why);
  void learn(const jsonrpc::Message& initialize);
  void learn(mux::Answer& answer);

  const std::shared_ptr<observe::CallSource> source_;    // shared with its calls
  const std::shared_ptr<const observe::Caller> caller_;  // who opened it
  std::shared_ptr<const observe::Caller> speaker_;       // who was admitted last
  mutable std::optional<ResourceRules> resource_rules_;  // of speaker_, made when they are needed
  mux::Instances& instances_;
  Timers& timers_;
  std::unique_ptr<mux::InstanceLease> lease_;
  std::string version_;
  const observe::Calls* calls_ = nullptr;
  http::Budget* budget_ = nullptr;
  std::set<std::string> checked_;  // ids of calls that wait for a look at the list of tools
  std::size_t waiting_ = 0;
  Traffic traffic_;
  const Clock::time_point opened_;
  Clock::time_point last_active_;  // last message other than ping, or answer to one
};

}  // namespace sidecar::session
