// Multiplexer: many clients, one child. Gives each request an id and a progress token of its own on the
// child's stdin and puts the client's back on the answer; answers what must not reach the child (initialize,
// ping); follows cancellation and deadlines; decides whom a notification of the child is for.
//
// For a child of the handshake era (2024-11-05 … 2025-11-25). Knows JSON-RPC and MCP; never HTTP, never
// processes. Every call is answered exactly once, whatever happens to the child: calls wait for its
// handshake, wait again when it died before it had read them, and get an error with the reason when it died
// with them.
//
// Owned by app; loop thread only. Replies and clients are called back from inside these functions and may
// call in.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "child/link.hpp"
#include "jsonrpc/message.hpp"
#include "mux/call.hpp"
#include "mux/handshake.hpp"
#include "mux/in_flight.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

struct Limits {
  std::size_t calls_per_client = 64;     // tombstones included; beyond: kBusy
  std::size_t calls = 4096;              // beyond: kUnavailable
  std::size_t waiting_bytes = 16 << 20;  // of calls that wait for a child; beyond: kUnavailable
  Clock::duration call_timeout = std::chrono::minutes(5);      // progress starts it again …
  Clock::duration call_timeout_total = std::chrono::hours(1);  // … up to this
};

class Multiplexer : public child::ChildEvents {
 public:
  // Starts of no use in a row after which calls no longer wait but are refused at once.
  static constexpr unsigned kPatience = 3;

  Multiplexer(child::ChildLink& child, Timers& timers, Limits limits, observe::Log& log,
              observe::Metrics& metrics);

  // A session begins and ends. `owner` is whose it is (design: two owners never see each other's messages).
  ClientId add(Client& client, std::string owner);
  // Its open calls are cancelled at the child; their replies are never used again.
  void remove(ClientId client);

  // Whether the client has an open call under this id. A second one must not be opened: its answer could not
  // be told from the first's.
  bool has_call(ClientId client, std::string_view client_id) const {
    return in_flight_.find(client, client_id).has_value();
  }
  std::size_t calls_of(ClientId client) const { return in_flight_.count(client); }

  // Requires kind kRequest. `timeout`: the call's own instead of Limits::call_timeout.
  void request(ClientId client, jsonrpc::Message message, Reply reply,
               std::optional<Clock::duration> timeout = {});
  // Requires kind kNotification.
  void notification(ClientId client, jsonrpc::Message message);
  // Requires kind kResult or kError: an answer to a request of the child.
  void answer(ClientId client, const jsonrpc::Message& message);

  // Shutdown: new calls are refused, those in flight go on.
  void refuse_calls(std::string why) { closing_ = std::move(why); }

  bool ready() const { return handshake_.done(); }
  // Calls that somebody waits for.
  std::size_t in_flight() const { return in_flight_.live(); }

  void on_child_started() override;
  void on_child_line(std::string line) override;
  void on_child_line_too_long(std::string first, std::string last, std::size_t size) override;
  void on_child_exit(child::Exit exit) override;

 private:
  struct Entry {
    Client* client;
    std::string owner;
  };

  // Why the child takes no calls, as the error that a call gets.
  struct Trouble {
    std::string message;
    std::string data;  // JSON
    std::chrono::seconds retry_after;
  };

  // False also while a child that has died is still being buried: calls wait for the next one.
  bool takes_calls() const { return handshake_.done() && child_.running(); }
  std::optional<Answer> refusal(ClientId client, std::string_view client_id, std::size_t size) const;
  void hand_over(WireId id);
  void finish(WireId id, Answer answer);
  void settle(Call call, Answer answer);
  void cancel_at_child(WireId id, std::string_view reason);
  bool send_to_child(std::string line, std::string_view kind);
  void drop(std::string_view reason);
  void count(Outcome outcome) { outcomes_[static_cast<std::size_t>(outcome)]->Increment(); }

  void on_answer(const jsonrpc::Message& message);
  void on_handshake_answer(const jsonrpc::Message& message);
  void on_child_request(const jsonrpc::Message& message);
  void on_child_notification(jsonrpc::Message message);
  void on_progress(jsonrpc::Message message);
  void to_everybody(const std::string& text);
  bool one_owner() const;

  void arm();
  void on_due();

  child::ChildLink& child_;
  Timers& timers_;
  const Limits limits_;
  observe::Log& log_;
  observe::Metrics& metrics_;

  std::array<prometheus::Counter*, kOutcomes> outcomes_{};

  InFlight in_flight_;
  Handshake handshake_;
  std::optional<WireId> handshake_id_;  // our own initialize, while it is open
  bool was_ready_ = false;              // a child before this one was ready: sessions have seen its lists
  std::optional<Trouble> trouble_;      // set: calls are refused at once
  std::string closing_;                 // not empty: no call is taken any more, and why
  std::size_t waiting_bytes_ = 0;

  ClientId next_client_ = kNoClient + 1;
  std::unordered_map<ClientId, Entry> clients_;

  Timer timer_;
  std::optional<Clock::time_point> armed_for_;
};

}  // namespace sidecar::mux
