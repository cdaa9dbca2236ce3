// Core: the calls of a child's clients, from their way to the child to their answers, and what all
// features share: the clients, the queue, limits, deadlines. Every call that was opened is answered
// exactly once. Knows no method of MCP, which a call's Feature does (method_rules.hpp), and not how
// the child's messages look, which ChildEra does.
// Owned by Multiplexer. Loop thread only. Replies and clients are called back from inside these
// functions and may call in.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "child/link.hpp"
#include "jsonrpc/message.hpp"
#include "mux/core/admission.hpp"
#include "mux/core/call.hpp"
#include "mux/core/child_era.hpp"
#include "mux/core/child_rate.hpp"
#include "mux/core/clients.hpp"
#include "mux/core/fair_queue.hpp"
#include "mux/core/in_flight.hpp"
#include "mux/core/method_rules.hpp"
#include "mux/core/owners.hpp"
#include "mux/core/wedge_watch.hpp"
#include "observe/log.hpp"
#include "observe/log_budget.hpp"
#include "observe/metrics.hpp"
#include "observe/rate_limited_log.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

class Feature;
// By FeatureKind, which is also the order in which they take part in each event.
using Features = std::array<Feature*, kFeatures>;

// When to ask again for a child that is starting.
inline constexpr std::chrono::seconds kStartRetry{1};

// How the last process of the child ended, from then until a process is open.
struct LastEnd {
  std::shared_ptr<const ChildDeath> death;  // shared with the answers that report it
  std::chrono::seconds retry_after;
  unsigned failed_starts = 0;  // see child::Exit
  bool final = false;          // no process is started any more
};

class Core {
 public:
  Core(child::ChildLink& child, const ChildEra& era, Timers& timers, IdAllocator& ids,
       ChildRate& child_rate, Limits limits, ChildRole role, observe::Log& log,
       observe::Metrics& metrics);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  // Call once, before anything else.
  void set_features(const Features& features) { features_ = features; }

  InFlight& calls() { return in_flight_; }
  const InFlight& calls() const { return in_flight_; }
  Clients& clients() { return clients_; }
  const Clients& clients() const { return clients_; }
  Owners& owners() { return owners_; }
  Admission& admission() { return admission_; }
  FairQueue& queue() { return queue_; }
  const FairQueue& queue() const { return queue_; }
  WedgeWatch& wedge_watch() { return wedge_watch_; }
  const WedgeWatch& wedge_watch() const { return wedge_watch_; }
  const ChildEra& era() const { return era_; }
  const Features& features() const { return features_; }
  Timers& timers() const { return timers_; }
  const Limits& limits() const { return limits_; }
  const ChildRole& role() const { return role_; }
  observe::Log& log() { return log_; }
  observe::RateLimitedLog& refusals() { return refusals_; }
  observe::Metrics& metrics() { return metrics_; }

  // Whether the child is open. False also between the death of a child and on_child_exit(): calls
  // wait for the next process.
  bool takes_calls() const { return era_.is_open() && child_.running(); }
  // Whether the child takes a line at once, with none waiting before it.
  bool reads_at_once() const { return queue_.empty() && takes_calls() && child_.wants_more(); }
  // Why the child takes no calls, if last_end() does not say it.
  std::string_view state_text() const {
    return era_.is_open() ? "the MCP server is being restarted"
                          : "the MCP server is starting: it has not answered initialize yet "
                            "(MCP_HANDSHAKE_TIMEOUT)";
  }
  // nullopt: a process is open, or none has ended yet.
  const std::optional<LastEnd>& last_end() const { return last_end_; }
  void set_last_end(std::optional<LastEnd> end) { last_end_ = std::move(end); }
  // Another child has taken over; this one only finishes the calls it has.
  bool replaced() const { return replaced_; }
  void set_replaced() { replaced_ = true; }

  // Calls

  // The feature that handles a call; nullptr: none does.
  Feature* feature_of(const Call& call) const;
  WireId open(Call&& call);
  // Adds a call that another core has detached, under its id there.
  void adopt(WireId id, Call&& call);
  // Answers an open call, hands it to the child or lets it wait.
  void dispatch(WireId id);
  // Closes a call and answers it. A tombstone is closed without an answer.
  void finish(WireId id, Answer answer);
  // The same for a call that is closed already.
  void settle(WireId id, Call&& call, Answer&& answer);
  // Answers a call before the child does, and cancels it at the child. The receiver of the answer
  // may end its session.
  void end_early(WireId id, Answer answer, std::string_view reason);
  // Ends a call without an answer, here and at the child.
  void cancel_at_child(WireId id, std::string_view reason);
  // The client withdraws a call by its notification.
  void cancel(WireId id, const jsonrpc::Message& notification);
  // Moves a call out, for the next child. If this child has it, a tombstone stays here.
  Call detach(WireId id);
  // Gives up waiting for the answer to a withdrawn call. It may nevertheless have changed the
  // child's state, so its feature is informed.
  void abandon(WireId id);
  // Sends a request of the sidecar to the child, ahead of everything that waits. Does nothing while
  // the child takes no calls.
  void ask_child(std::string_view method, std::string_view params, Reply::Deliver then,
                 Clock::duration timeout);

  // Messages

  // False: the child's input is full, and the line is dropped and counted.
  bool send_to_child(std::string line, std::string_view kind);
  // Sends a client's message to the child, in order with its calls. False: dropped and counted.
  bool pass_on(ClientId client, std::string line, std::string_view kind);
  // Sends queued messages and those of features (Feature::work()) while the child reads.
  void pump();
  // Sends one message of a feature. False: there is none.
  bool work_of_features();
  void refuse_child(const jsonrpc::Message& request, int code, std::string_view why);
  // The client of a message of the child; nullopt: it is not certain (docs/architecture.md).
  std::optional<MessageOrigin> origin_of(const jsonrpc::Message& message) const;
  // Counts a dropped message.
  void drop(std::string_view reason);
  // Logs a warning about the child's output, once for each process. `event`: a literal.
  void warn_once(std::string_view event, observe::Log::Fields fields);
  // The same each time, but at most kOutputWarnings a minute, then their number (LogBudget).
  // `line`: the child's.
  void warn_of_output(std::string_view event, observe::Log::Fields fields, std::string_view line);
  void child_gone();

  // Call after adding a deadline: it may be earlier than all others.
  void arm();
  void count(Outcome outcome) { outcomes_[static_cast<std::size_t>(outcome)]->Increment(); }
  OwnerPtr owner_of(CallOrigin origin);

 private:
  static constexpr std::size_t kOutputWarnings = 200;

  void send(WireId id);
  Answer late_answer(const Call& call);
  void withdraw(WireId id);
  void show_in_flight() { calls_shown_.set(in_flight_.live()); }
  void on_due();

  child::ChildLink& child_;
  const ChildEra& era_;
  Timers& timers_;
  const Limits limits_;
  const ChildRole role_;
  observe::Log& log_;
  observe::RateLimitedLog refusals_{log_, timers_};
  observe::Metrics& metrics_;
  std::array<prometheus::Counter*, kOutcomes> outcomes_{};
  observe::GaugeShare calls_shown_;

  Owners owners_;  // declared before the members that charge them
  InFlight in_flight_;
  Clients clients_{in_flight_, role_};
  FairQueue queue_;  // lines that wait for the child to read
  bool pumping_ = false;
  Admission admission_;
  WedgeWatch wedge_watch_;
  Features features_{};
  bool replaced_ = false;
  std::optional<LastEnd> last_end_;
  std::vector<std::string_view> warned_;  // events of warn_once()
  observe::LogBudget output_budget_{log_, timers_, kOutputWarnings, {}, "stdout"};

  Timer timer_;
  std::optional<Clock::time_point> armed_for_;
};

}  // namespace sidecar::mux
