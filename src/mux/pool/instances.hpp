// Instances: the running copies of the wrapped server, and which of them serves whom. Shared ones
// take sessions (least loaded first), calls without a session, and what finds no place of its own;
// own ones serve one session and end with it. A session keeps its instance as long as it lives,
// through restarts too.
//
//   --sessions auto      a client that declares sampling or elicitation gets an own child, all others share
//              shared    nobody gets one; the handshake of the shared ones declares sampling and elicitation
//              isolated  every session gets one, or is refused; calls without a session share
//
// Own children and warm ones together are bounded, in all and by owner (a key or an address). At
// the owner's bound one of its own sessions gives way, at the bound of all one of the owner that
// has most, if that is more than the newcomer has (EvictIdle); where there is none, the new one
// shares (auto) or is refused (isolated). Owned by app; loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "child/link.hpp"
#include "jsonrpc/message.hpp"
#include "mux/core/call.hpp"
#include "mux/multiplexer.hpp"
#include "observe/caller.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"
#include "util/token_bucket.hpp"

namespace sidecar::mux {

class Instance;

enum class Sharing { kAuto, kShared, kIsolated };

struct InstancesOptions {
  Sharing sharing = Sharing::kAuto;
  std::size_t shared = 1;
  std::size_t max_dedicated = 8;                    // own and warm children together
  std::size_t max_dedicated_per_owner = 4;          // own children of one owner
  std::size_t warm = 0;                             // children started ahead, not yet initialised
  bool client_roots = false;                        // roots of a client reach its own child
  std::chrono::milliseconds restart_drain{30'000};  // for calls of a child that is replaced
  Rate child_rate{};                                // ChildRate
  Limits limits;
};

// A session's place at its instance. Dropping it ends the session there: its open calls are
// cancelled at the child and their replies are never used again, its subscriptions are released, an
// own child is ended.
class InstanceLease {
 public:
  InstanceLease(Instance& instance, ClientId client, std::function<void()> leave)
      : instance_(instance), client_(client), leave_(std::move(leave)) {}
  ~InstanceLease();
  InstanceLease(const InstanceLease&) = delete;
  InstanceLease& operator=(const InstanceLease&) = delete;

  // Requires kind kRequest. `timeout`: the call's own instead of Limits::call_timeout.
  void request(jsonrpc::Message message, Reply reply, std::optional<Clock::duration> timeout = {});
  // Requires kind kNotification.
  void notification(jsonrpc::Message message);
  // Requires kind kResult or kError: an answer to a request of the child.
  void answer(const jsonrpc::Message& message);

  // Whether the client has an open call under this id. A second one must not be opened: its answer
  // could not be told from the first's.
  bool has_call(std::string_view client_id) const;
  // Its open calls, withdrawn ones that the child still works on included.
  std::size_t calls() const;
  // The instance's name in the log: "child", "child-2", "own-7".
  const std::string& instance() const;
  // Whether the instance serves this session only.
  bool dedicated() const;

 private:
  Instance& instance_;
  const ClientId client_;
  const std::function<void()> leave_;
};

struct InstanceStatus {
  std::string name;
  bool dedicated = false;
  child::ChildStatus child;
  Readiness readiness;
  std::size_t sessions = 0;
  std::size_t calls = 0;
  std::size_t waiting = 0;  // of them, for the child to read
};

// Which sessions may be ended to make room for another one.
enum class Ending {
  kExpendable,  // nobody listens or waits on it
  kIdle,        // nobody waits for a call of it
  kAny,
};

// Ends the longest-idle session of an owner (observe::Caller::share_owner()) that has an own child
// and may be ended. False: there is none.
using EvictIdle = std::function<bool(std::string_view owner, Ending which)>;

class Instances {
 public:
  Instances(child::ChildFactory factory, Timers& timers, InstancesOptions options,
            observe::Log& log, observe::Metrics& metrics);
  ~Instances();

  // Calls are charged to a full budget anew, unless it is the rate of before.
  void set_child_rate(Rate rate);
  // Sessions are known to another floor.
  void set_evict_idle(EvictIdle evict_idle);

  // Starts the shared and the warm children. Call once.
  void start();

  // The place of a new session of `caller` whose first message is `first`: an `initialize`, or
  // anything else of a client without capabilities. `client` outlives the lease. Errors: it must
  // have an own child, and there is no room for one; the text names the setting.
  Result<std::unique_ptr<InstanceLease>> join(Client& client, const observe::Caller& caller,
                                              const jsonrpc::Message& first);
  // A call without a session (REST), at the least loaded shared instance. `owner`: see CallOrigin.
  void request(std::string_view owner, jsonrpc::Message message, Reply reply,
               std::optional<Clock::duration> timeout = {});

  // Replaces every child: new calls wait for the new one, while the old one finishes its calls
  // (restart_drain). Sessions stay. Returns how many children are replaced: none once calls are
  // refused.
  std::size_t restart();

  // What callers may see and use has changed: sessions are told that the lists have changed, as if
  // the child had said so, and lose the subscriptions that are not permitted any more.
  void permissions_changed();

  // Shutdown: new calls are refused, those in flight go on. No child is started any more.
  void refuse_calls(const std::string& why);
  // Counts a message of a client that reaches nobody.
  void drop(std::string_view reason);
  // Refuses calls, and ends every child by the ladder; `done` is called from the loop once none
  // runs.
  void stop(std::function<void()> done);
  // After stop(): KILL at once.
  void kill_now();

  // Calls that somebody waits for.
  std::size_t in_flight() const;
  // Of the shared instances: ready as soon as one of them is.
  Readiness readiness() const;
  // What the first of them that has told says that it is; nothing before its handshake.
  std::optional<ServerIdentity> identity() const;
  // Shared ones first.
  std::vector<InstanceStatus> status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidecar::mux
