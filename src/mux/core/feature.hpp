// Feature: one MCP capability that keeps state between the clients of a child: subscriptions, log
// levels, tasks … Core: the part of the multiplexer that features work with.
//
// A request names its feature by the row of its method (method_rules.hpp). The core calls a feature
// at fixed points of a call's life, and passes it the child's notifications; a feature asks the
// child on its own only through ask_child(). Owned by Multiplexer. Loop thread only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "jsonrpc/message.hpp"
#include "mux/core/call.hpp"
#include "mux/core/client_profile.hpp"
#include "mux/core/in_flight.hpp"
#include "mux/core/owners.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/rate_limited_log.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

struct Limits {
  // Withdrawn calls included, for call_timeout. Beyond: kBusy.
  std::size_t calls_per_client = 64;
  // Shared by owners (Owners). Beyond: kUnavailable, or kBusy for an owner that holds too much while
  // others are there.
  std::size_t calls = 4096;
  // Bytes that wait for a child, shared by owners. One client may have a quarter. Beyond: kBusy.
  std::size_t waiting_bytes = 16 << 20;
  // Progress starts it again, up to call_timeout_total.
  Clock::duration call_timeout = std::chrono::minutes(5);
  Clock::duration call_timeout_total = std::chrono::hours(1);
  // When a call is this old, the child is pinged; it counts as wedged when it does not answer the
  // ping within probe_timeout.
  Clock::duration wedged_after = std::chrono::minutes(1);
  Clock::duration probe_timeout = std::chrono::seconds(10);
  bool restart_wedged = false;
};

// What kind of child it is.
struct ChildRole {
  bool dedicated = false;     // serves one client and gets its `initialize`
  bool client_roots = false;  // a dedicated child may ask for its client's roots
  bool may_ask = true;        // the handshake declared what clients can be asked for
};

// A session that uses the child.
struct ClientEntry {
  Client* client;
  std::string owner;  // who may see its messages
  OwnerPtr account;   // whose bounds it counts against
  ClientProfile profile;
};
using ClientEntries = std::unordered_map<ClientId, ClientEntry>;

// The session that a message of the child belongs to, and its call when there is only one.
struct MessageOrigin {
  ClientId client = kNoClient;
  Call* call = nullptr;
};

class Core {
 public:
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  InFlight& calls() { return parts_.calls; }
  const ClientEntries& entries() const { return parts_.entries; }
  Owners& owners() { return parts_.owners; }
  Timers& timers() { return parts_.timers; }
  const Limits& limits() const { return parts_.limits; }
  const ChildRole& role() const { return parts_.role; }
  observe::Log& log() { return parts_.log; }
  observe::RateLimitedLog& refusals() { return parts_.refusals; }
  observe::Metrics& metrics() { return parts_.metrics; }

  // Whether the child runs and has done its handshake.
  virtual bool takes_calls() const = 0;
  // Another child has taken over; this one only finishes what it has been given.
  virtual bool replaced() const = 0;
  // Sends the child a request of the sidecar's own, ahead of everything that waits. Does nothing
  // while the child takes no calls.
  virtual void ask_child(std::string_view method, std::string_view params, Reply::Deliver then,
                         Clock::duration timeout) = 0;
  // False: the child's input is full, and the line is dropped and counted.
  virtual bool send_to_child(std::string line, std::string_view kind) = 0;
  // Sends what waits, and what features have to send (Feature::work()), while the child reads.
  virtual void pump() = 0;
  // Closes a call and answers it.
  virtual void finish(WireId id, Answer answer) = 0;
  // Counts a message that reaches nobody.
  virtual void drop(std::string_view reason) = 0;
  // Passes a message of the child to a client; to no one when the client has gone.
  virtual void tell(ClientId client, std::string text) = 0;
  // Nothing: several sessions may be meant.
  virtual std::optional<MessageOrigin> origin_of(const jsonrpc::Message& message) = 0;
  virtual MessageOrigin origin_of(ClientId client) = 0;
  // To the call, where its reply takes messages; else to the client.
  virtual void deliver(MessageOrigin origin, std::string text) = 0;
  // Sends a client's message to the child, in turn with its calls. False: it was dropped and counted.
  virtual bool pass_on(ClientId client, std::string line, std::string_view kind) = 0;
  virtual void refuse_child(const jsonrpc::Message& request, int code, std::string_view why) = 0;
  // A deadline of a feature may be earlier than those before.
  virtual void arm() = 0;
  // The refusal of an owner that holds too much of `shares`. `limit` labels the metric.
  virtual Answer beyond_share(std::string_view client_id, std::string_view limit,
                              const Shares& shares, const Shares::Holding& holding,
                              std::string_view what) = 0;

 protected:
  struct Parts {
    InFlight& calls;
    const ClientEntries& entries;
    Owners& owners;
    Timers& timers;
    const Limits& limits;
    const ChildRole& role;
    observe::Log& log;
    observe::RateLimitedLog& refusals;
    observe::Metrics& metrics;
  };
  explicit Core(const Parts& parts) : parts_(parts) {}
  ~Core() = default;

 private:
  const Parts parts_;
};

class Feature {
 public:
  explicit Feature(Core& core) : core_(core) {}
  virtual ~Feature() = default;
  Feature(const Feature&) = delete;
  Feature& operator=(const Feature&) = delete;

  // A request of a client, before it is a call in flight. An answer is given in place of the
  // child's. May change the message, and keep what it needs later in Call::subject.
  virtual std::optional<Answer> on_request(ClientId, jsonrpc::Message&, Call&) { return {}; }
  // Just before the child is given the call, which may be long after it was asked. An answer is
  // given instead.
  virtual std::optional<Answer> before_send(WireId, Call&) { return {}; }
  // The child's answer, an error or a result, before it is passed on; also when nobody waits for it.
  virtual void on_result(WireId, Call&, Answer&) {}
  // A withdrawn call that the child did not answer within its time is given up.
  virtual void on_abandoned(std::string_view /*method*/, const std::string& /*subject*/) {}
  // True: the notification of the child was this feature's.
  virtual bool on_child_notification(const jsonrpc::Message&) { return false; }

  virtual void client_joined() {}
  virtual void client_left(ClientId) {}
  virtual void permissions_changed() {}

  // The handshake with a process is done. An earlier one may have known what this one does not.
  virtual void child_ready() {}
  // The process has ended.
  virtual void child_gone() {}
  // Sends one message of the feature's own while the child reads. False: there is none.
  virtual bool work() { return false; }
  // This child is being replaced: `successor`, of the same type, takes over what clients have.
  virtual void migrate_to(Feature& successor) = 0;

 protected:
  Core& core_;
};

}  // namespace sidecar::mux
