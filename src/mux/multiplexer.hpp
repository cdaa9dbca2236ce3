// Multiplexer: many clients, one child. Replaces each request's id and progress token by its own
// before it sends the request to the child, and restores the client's in the answer. Answers
// requests that must not reach the child (initialize, ping, second subscriptions, cached lists).
// Handles cancellation and deadlines. Finds the client that a message of the child is for.
//
// Knows JSON-RPC and MCP; never HTTP, never processes. What depends on the child's era is in
// ChildEra, what belongs to one capability of MCP in a Feature, bounds are in Admission. Every call
// is answered exactly once, whatever happens to the child: calls wait until it is open, wait again
// if it dies before it has read them, are repeated once if that is safe, and else get an error with
// the reason if it dies with them.
//
// Owned by Instance; loop thread only. Replies and clients are called back from inside these
// functions and may call in.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.hpp"
#include "child/link.hpp"
#include "jsonrpc/message.hpp"
#include "mux/core/core.hpp"
#include "mux/features/initialize.hpp"
#include "mux/features/lists.hpp"
#include "mux/features/log_levels.hpp"
#include "mux/features/progress.hpp"
#include "mux/features/server_requests.hpp"
#include "mux/features/subscriptions.hpp"
#include "mux/features/tasks.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

// Whether clients can be served now, and if not, why.
struct Readiness {
  bool ready = false;
  std::string state{};  // a sentence for people; empty when ready, or when `death` says it all
  std::optional<std::chrono::seconds> retry_after{};
  // Until the child is open: starts of it in a row that were of no use, the current one included.
  unsigned tries = 0;
  std::shared_ptr<const ChildDeath> death{};  // of its last process, until the next one is open

  // All of it for a caller; empty when ready.
  std::string reason(auth::Disclosure told) const;
};

class Multiplexer : public child::ChildEvents {
 public:
  // Consecutive failed starts after which calls no longer wait but are refused at once.
  static constexpr unsigned kPatience = 3;
  Multiplexer(child::ChildLink& child, Timers& timers, IdAllocator& ids, ChildRate& child_rate,
              Limits limits, ChildRole role, observe::Log& log, observe::Metrics& metrics);
  ~Multiplexer() override;

  // Opens the running process, if there is one, and each later one, with these params of
  // `initialize`. Before this, nothing is sent to the child. Call once.
  void initialize(std::string params);

  // Adds a session of `caller`. Two owners never see each other's messages.
  void add(ClientId id, Client& client, const auth::Principal& caller, ClientProfile profile = {});
  // The session has seen the lists of an earlier sidecar's child: it gets list_changed.
  void lists_were_seen_by(ClientId client) { lists_.were_seen_by(client); }
  // Removes a session. Its open calls are cancelled at the child and their replies never used
  // again, its subscriptions are released, its tasks cancelled, and the child's open requests to it
  // refused.
  void remove(ClientId client);
  std::size_t clients() const { return core_.clients().size(); }

  // Whether the client has an open call with this id. A second one must not be opened, because its
  // answer could not be distinguished from the first's.
  bool has_call(ClientId client, std::string_view client_id) const {
    return core_.calls().find(client, client_id).has_value();
  }
  std::size_t calls_of(ClientId client) const { return core_.calls().count(client); }
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
  bool idle() const {
    return core_.calls().live() == 0 && server_requests_.empty() && core_.queue().empty();
  }

  // Call when permissions have changed. Clients that may have seen the child's lists get
  // list_changed; subscriptions that are no longer permitted are released.
  void permissions_changed();

  // For shutdown: new calls are refused, calls in flight continue.
  void refuse_calls(std::string why) { closing_ = std::move(why); }

  Readiness readiness() const;
  // Open calls, without withdrawn ones.
  std::size_t in_flight() const { return core_.calls().live(); }
  // Calls in the queue, not handed to the child yet.
  std::size_t waiting() const { return core_.queue().calls(); }
  // nullopt before the first process was opened.
  const std::optional<ServerIdentity>& identity() const { return era_->identity(); }

  void on_child_started() override;
  void on_child_line(std::string line) override;
  void on_child_line_too_long(std::string first, std::string last, std::size_t size) override;
  void on_child_writable() override { core_.pump(); }
  void on_child_exit(child::Exit exit) override;

 private:
  InFlight& calls() { return core_.calls(); }

  std::optional<Answer> refusal(ClientId client, Owner& owner, std::string_view client_id,
                                std::size_t size);
  void cancel(ClientId client, const jsonrpc::Message& message);

  // Messages of the child
  void on_text(std::string text);
  std::string mended(const std::string& text);
  void on_unusable(const std::string& line, const jsonrpc::ParseError& problem);
  void on_message(jsonrpc::Message message);
  void on_answer(jsonrpc::Message message);
  void on_error_without_id(jsonrpc::Message message);
  void on_late_answer(std::optional<WireId> id, const jsonrpc::Message& message);
  void on_child_request(const jsonrpc::Message& message);
  void on_child_notification(const jsonrpc::Message& message);
  void on_log_or_unknown(const jsonrpc::Message& message);

  // Starts and ends of the child, deadlines
  void open_child();
  void on_opened(const jsonrpc::Message& answer);
  bool must_migrate(const Call& call) const;
  bool may_repeat(const Call& call) const;
  // Whether calls are refused at once: the child has failed to start too often, or starts no more.
  bool refuses() const;
  void continue_or_end(WireId id, const std::shared_ptr<const ChildDeath>& death,
                       std::chrono::seconds retry_after);

  child::ChildLink& child_;
  const std::unique_ptr<ChildEra> era_;
  Core core_;
  std::string opening_params_;        // empty: initialize() was not called yet
  std::optional<WireId> opening_id_;  // the sidecar's own request that opens the child, while open

  Initialize initialize_{core_};
  ServerRequests server_requests_;
  Subscriptions subscriptions_{core_};
  Tasks tasks_{core_};
  Progress progress_{core_};
  Lists lists_;
  LogLevels log_levels_{core_};

  std::string closing_;  // reason for refusing calls; empty: not closing
};

}  // namespace sidecar::mux
