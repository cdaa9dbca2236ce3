// Multiplexer: many clients, one child. Replaces each request's id and progress token by its own
// before it sends the request to the child, and restores the client's in the answer. Answers
// requests that must not reach the child (initialize, ping, second subscriptions, cached lists).
// Handles cancellation and deadlines. Finds the client that a message of the child is for.
//
// For a child of the handshake era (2024-11-05 … 2025-11-25). Knows JSON-RPC and MCP; never HTTP,
// never processes. Every call is answered exactly once, whatever happens to the child: calls wait
// for its handshake, wait again if it dies before it has read them, are repeated once if that is
// safe, and else get an error with the reason if it dies with them.
//
// Implemented in five files:
//   multiplexer.cpp  messages of clients
//   bounds.cpp       limits of clients and owners, and the calls ended to make room
//   methods.cpp      methods that need more than passing on
//   from_child.cpp   messages of the child
//   recovery.cpp     starts and ends of the child, deadlines
//
// Owned by Instance; loop thread only. Replies and clients are called back from inside these
// functions and may call in.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "child/link.hpp"
#include "jsonrpc/message.hpp"
#include "mux/core/call.hpp"
#include "mux/core/child_rate.hpp"
#include "mux/core/client_profile.hpp"
#include "mux/core/fair_queue.hpp"
#include "mux/core/feature.hpp"
#include "mux/core/in_flight.hpp"
#include "mux/core/owners.hpp"
#include "mux/era/handshake.hpp"
#include "mux/features/log_levels.hpp"
#include "mux/features/server_requests.hpp"
#include "mux/features/subscriptions.hpp"
#include "mux/features/tasks.hpp"
#include "mux/list_cache.hpp"
#include "mux/tool_hints.hpp"
#include "observe/caller.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "observe/rate_limited_log.hpp"
#include "util/slices.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

// Whether clients can be served now, and if not, why.
struct Readiness {
  bool ready = false;
  std::string reason;  // for people; empty when ready
  std::optional<std::chrono::seconds> retry_after;
  std::shared_ptr<const ChildDeath> death{};  // as Answer::death; `reason` has all of it
};

class Multiplexer : public child::ChildEvents, private Core {
 public:
  // Consecutive failed starts after which calls no longer wait but are refused at once.
  static constexpr unsigned kPatience = 3;
  // A cached list of at most this many bytes is answered within the call, a longer one in slices of
  // the loop.
  static constexpr std::size_t kAnsweredAtOnce = 32 << 10;

  Multiplexer(child::ChildLink& child, Timers& timers, IdAllocator& ids, ChildRate& child_rate,
              Limits limits, ChildRole role, observe::Log& log, observe::Metrics& metrics);
  ~Multiplexer() override;

  // Sends `initialize` with these `params` to the running process, if there is one, and to each
  // later one. Before this, nothing is sent to the child. Call once.
  void initialize(std::string params);

  // Adds a session of `caller`. Two owners never see each other's messages.
  void add(ClientId id, Client& client, const observe::Caller& caller, ClientProfile profile = {});
  // Removes a session. Its open calls are cancelled at the child and their replies never used
  // again, its subscriptions are released, its tasks cancelled, and the child's open requests to it
  // refused.
  void remove(ClientId client);
  std::size_t clients() const { return clients_.size(); }

  // Whether the client has an open call with this id. A second one must not be opened, because its
  // answer could not be distinguished from the first's.
  bool has_call(ClientId client, std::string_view client_id) const {
    return in_flight_.find(client, client_id).has_value();
  }
  std::size_t calls_of(ClientId client) const { return in_flight_.count(client); }
  // Whether the message refers to the state of this child: a task or an open call of the client, or
  // a request of the child to it.
  bool concerns(ClientId client, const jsonrpc::Message& message) const;

  // Requires kind kRequest. `timeout`: replaces Limits::call_timeout.
  void request(CallOrigin origin, jsonrpc::Message message, Reply reply,
               std::optional<Clock::duration> timeout = {});
  // Requires kind kNotification.
  void notification(ClientId client, jsonrpc::Message message);
  // Requires kind kResult or kError: an answer to a request of the child.
  void answer(ClientId client, const jsonrpc::Message& message);

  // Replaces this child: `next` gets the clients, their subscriptions and log levels, the calls
  // that were not handed to this child, and those that must migrate (MethodRule::must_migrate).
  // Other calls may finish here, until idle().
  void migrate_to(Multiplexer& next);
  // No live call, server request or queued line is left.
  bool idle() const { return in_flight_.live() == 0 && server_requests_.empty() && queue_.empty(); }

  // Call when permissions have changed. Clients that may have seen the child's lists get
  // list_changed; subscriptions that are no longer permitted are released.
  void permissions_changed();

  // For shutdown: new calls are refused, calls in flight continue.
  void refuse_calls(std::string why) { closing_ = std::move(why); }

  Readiness readiness() const;
  // Open calls, without withdrawn ones.
  std::size_t in_flight() const { return in_flight_.live(); }
  // Calls in the queue, not handed to the child yet.
  std::size_t waiting() const { return queue_.calls(); }
  // nullopt before the first handshake.
  const std::optional<ServerIdentity>& identity() const { return handshake_.identity(); }

  void on_child_started() override;
  void on_child_line(std::string line) override;
  void on_child_line_too_long(std::string first, std::string last, std::size_t size) override;
  void on_child_writable() override { pump(); }
  void on_child_exit(child::Exit exit) override;

 private:
  // A caller's view of a cached list, built in slices.
  struct ListMaking {
    KeptText list;
    std::string rules;
    std::unique_ptr<ListView::Making> view;
  };

  // The reason for refusing calls after failed starts or a final exit of the child.
  struct Trouble {
    std::shared_ptr<const ChildDeath> death;  // shared with the answers that report it
    std::chrono::seconds retry_after;
  };

  // Messages of clients

  // False also between the death of a child and on_child_exit(): calls wait for the next process.
  bool takes_calls() const override { return handshake_.done() && child_.running(); }
  bool replaced() const override { return replaced_; }
  OwnerPtr owner_of(CallOrigin origin);
  bool pass_on(ClientId client, std::string line, std::string_view kind) override;
  // Charges a call to the child's rate limit, once, also if the call is repeated. Calls that the
  // sidecar answers itself (ping, initialize, a cached list, a second subscription) are free.
  // Returns the refusal, Outcome::kOverRate, if the limit is reached.
  std::optional<Answer> charge(Call& call);
  void dispatch(WireId id);
  void answer_known(WireId id);
  std::size_t answer_in_slices(WireId id, std::unique_ptr<ListMaking>& making);
  Answer known_list(const Call& call, const std::string& result);
  // Answer::list_version of the cached lists of a method.
  std::uint64_t list_version(std::string_view method);
  void forget_lists();
  void pump() override;
  void send(WireId id);
  void reply_here(Call& call, Answer answer);
  void finish(WireId id, Answer answer) override;
  void settle(WireId id, Call call, Answer answer);
  void end_early(WireId id, Answer answer, std::string_view reason);
  void dispatch_waiting(const std::string& key, WireId id);
  void cancel_at_child(WireId id, std::string_view reason);
  void withdraw(WireId id);
  bool send_to_child(std::string line, std::string_view kind) override;
  void ask_child(std::string_view method, std::string_view params, Reply::Deliver then,
                 Clock::duration timeout) override;
  void drop(std::string_view reason) override;
  // The feature that handles a call; nullptr: none does.
  Feature* feature_of(const Call& call);
  void count(Outcome outcome) { outcomes_[static_cast<std::size_t>(outcome)]->Increment(); }
  void show_in_flight() { calls_shown_.set(in_flight_.live()); }

  // Limits
  std::optional<Answer> refusal(ClientId client, Owner& owner, std::string_view client_id,
                                std::size_t size);
  bool fits_client(const Owner& owner, ClientId client, std::size_t size) const;
  Answer beyond_share(std::string_view client_id, std::string_view limit, const Shares& shares,
                      const Shares::Holding& holding, std::string_view what) override;
  bool make_room_for_bytes(Owner& owner, std::size_t size);
  bool end_newest_call(Owner& owner);
  bool make_room_for_work(Owner& owner);
  bool end_newest_waiting(Owner& owner);
  void keep(Call& call);
  void end_for_others(WireId id, std::string_view what);

  // Methods
  void note_initialize(ClientId client, const jsonrpc::Message& message, Call& call);
  void listed(WireId id, Call& call, Answer& answer);

  // Messages of the child
  void on_child_batch(const std::string& line);
  void junk(std::string_view problem, bool ambiguous = false);
  void on_message(jsonrpc::Message message);
  void on_answer(jsonrpc::Message message);
  void on_late_answer(std::optional<WireId> id, const jsonrpc::Message& message);
  void on_handshake_answer(const jsonrpc::Message& message);
  void on_child_request(const jsonrpc::Message& message);
  void refuse_child(const jsonrpc::Message& request, int code, std::string_view why) override;
  void on_child_notification(jsonrpc::Message message);
  void on_progress(jsonrpc::Message message);
  void on_log_or_unknown(const jsonrpc::Message& message);
  void on_list_changed(const jsonrpc::Message& message);
  std::optional<MessageOrigin> origin_of(const jsonrpc::Message& message) override;
  MessageOrigin origin_of(ClientId client) override;
  void deliver(MessageOrigin origin, std::string text) override;
  void tell(ClientId client, std::string text) override;
  void to_everybody(const std::string& text);
  bool one_owner() const;

  // Starts and ends of the child, deadlines
  void send_handshake();
  void tell_lists_changed();
  void restore();
  bool must_migrate(const Call& call) const;
  Call detach(WireId id);
  bool may_repeat(const Call& call) const;
  void release_kept(Call& call);
  void arm() override;
  void on_due();
  void abandon(WireId id);
  void watch();
  void probe();

  child::ChildLink& child_;
  Timers& timers_;
  IdAllocator& ids_;
  ChildRate& child_rate_;
  const Limits limits_;
  const ChildRole role_;
  observe::Log& log_;
  observe::RateLimitedLog refusals_{log_, timers_};
  observe::Metrics& metrics_;

  std::array<prometheus::Counter*, kOutcomes> outcomes_{};
  observe::GaugeShare calls_shown_;

  Owners owners_;  // declared before the members that charge them
  ClientEntries clients_;
  InFlight in_flight_;
  FairQueue queue_;  // lines that wait for the child to read
  bool pumping_ = false;
  ServerRequests server_requests_{*this, ids_};
  Subscriptions subscriptions_{*this};
  LogLevels log_levels_{*this};
  Tasks tasks_{*this};
  ListCache lists_;
  Slices known_lists_{timers_};  // answers from `lists_`
  // By capability. No entry: no list is cached.
  std::map<std::string, std::uint64_t, std::less<>> list_versions_;
  ToolHints tools_;

  Handshake handshake_;
  std::string handshake_params_;        // empty: initialize() was not called yet
  std::optional<WireId> handshake_id_;  // the sidecar's own initialize, while it is open
  // An earlier process was ready, so sessions may have seen its lists.
  bool was_ready_ = false;
  bool replaced_ = false;           // by migrate_to()
  std::optional<Trouble> trouble_;  // set: calls are refused at once
  std::string closing_;             // reason for refusing calls; empty: not closing

  Timer timer_;
  std::optional<Clock::time_point> armed_for_;
  Timer watch_timer_;
  bool watching_ = false;
  bool probing_ = false;
  bool wedged_ = false;
};

}  // namespace sidecar::mux
