// Feature: one MCP capability with state shared by the clients of a child: subscriptions, log
// levels, tasks … Core: the part of the multiplexer that features use.
//
// The rule of a request's method (method_rules.hpp) names its feature. The multiplexer calls the
// feature at fixed points of a call's life and passes it the child's notifications. A feature sends
// its own requests to the child only through ask_child(). Owned by Multiplexer. Loop thread only.
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
  // Includes withdrawn calls, for call_timeout. Beyond: kBusy.
  std::size_t calls_per_client = 64;
  // Shared by owners (Owners). Beyond: kUnavailable, or kBusy for an owner that exceeds its share
  // while other owners hold some.
  std::size_t calls = 4096;
  // Bytes that wait for a child, shared by owners. One client may have a quarter. Beyond: kBusy.
  std::size_t waiting_bytes = 16 << 20;
  // Progress restarts it, up to call_timeout_total.
  Clock::duration call_timeout = std::chrono::minutes(5);
  Clock::duration call_timeout_total = std::chrono::hours(1);
  // A call of this age causes a ping. If the child does not answer it within probe_timeout, the
  // child counts as wedged.
  Clock::duration wedged_after = std::chrono::minutes(1);
  Clock::duration probe_timeout = std::chrono::seconds(10);
  bool restart_wedged = false;
};

// The kind of a child.
struct ChildRole {
  bool dedicated = false;     // serves one client and gets its `initialize`
  bool client_roots = false;  // a dedicated child may ask for its client's roots
  bool may_ask = true;        // the handshake declared sampling and elicitation
};

// A session that uses the child.
struct ClientEntry {
  Client* client;
  std::string owner;  // sessions of one owner may see each other's messages
  OwnerPtr account;   // charged for its calls
  ClientProfile profile;
};
using ClientEntries = std::unordered_map<ClientId, ClientEntry>;

// The session that a message of the child belongs to, and its call if it has exactly one.
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
  // Another child has taken over; this one only finishes the calls it has.
  virtual bool replaced() const = 0;
  // Sends a request of the sidecar to the child, ahead of everything that waits. Does nothing while
  // the child takes no calls.
  virtual void ask_child(std::string_view method, std::string_view params, Reply::Deliver then,
                         Clock::duration timeout) = 0;
  // False: the child's input is full, and the line is dropped and counted.
  virtual bool send_to_child(std::string line, std::string_view kind) = 0;
  // Sends queued messages and those of features (Feature::work()) while the child reads.
  virtual void pump() = 0;
  // Closes a call and answers it.
  virtual void finish(WireId id, Answer answer) = 0;
  // Counts a dropped message.
  virtual void drop(std::string_view reason) = 0;
  // Passes a message of the child to a client; drops it when the client has left.
  virtual void tell(ClientId client, std::string text) = 0;
  // nullopt: the origin is not certain.
  virtual std::optional<MessageOrigin> origin_of(const jsonrpc::Message& message) = 0;
  virtual MessageOrigin origin_of(ClientId client) = 0;
  // Delivers to the call if its reply takes messages, else to the client.
  virtual void deliver(MessageOrigin origin, std::string text) = 0;
  // Sends a client's message to the child, in order with its calls. False: dropped and counted.
  virtual bool pass_on(ClientId client, std::string line, std::string_view kind) = 0;
  virtual void refuse_child(const jsonrpc::Message& request, int code, std::string_view why) = 0;
  // Call after adding a deadline: it may be earlier than all others.
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

  // A client's request, before it is in flight. A returned answer replaces the child's. May change
  // the message and store data for later in Call::subject.
  virtual std::optional<Answer> on_request(ClientId, jsonrpc::Message&, Call&) { return {}; }
  // Just before the call is handed to the child, possibly long after the request. A returned answer
  // replaces the child's.
  virtual std::optional<Answer> before_send(WireId, Call&) { return {}; }
  // The child's answer, error or result, before it is passed on; also of a withdrawn call.
  virtual void on_result(WireId, Call&, Answer&) {}
  // A withdrawn call is abandoned: the child did not answer it in time.
  virtual void on_abandoned(std::string_view /*method*/, const std::string& /*subject*/) {}
  // True: the feature handled the notification.
  virtual bool on_child_notification(const jsonrpc::Message&) { return false; }

  virtual void client_joined() {}
  virtual void client_left(ClientId) {}
  virtual void permissions_changed() {}

  // The handshake with a new process is done. Restores what an earlier process was given.
  virtual void child_ready() {}
  // The process has ended.
  virtual void child_gone() {}
  // Sends one pending message of the feature. False: there is none.
  virtual bool work() { return false; }
  // The child is being replaced: `successor`, of the same type, takes over the clients' state.
  virtual void migrate_to(Feature& successor) = 0;

 protected:
  Core& core_;
};

}  // namespace sidecar::mux
