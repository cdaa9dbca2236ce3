// Instances: the running copies of the wrapped server, and the assignment of sessions to them.
// Shared children serve sessions (least loaded first), calls without a session, and sessions for
// which there is no room elsewhere. A dedicated child serves one session and ends with it. A
// session keeps its instance as long as it lives, across restarts.
//
//   --sessions auto      A client that declares sampling or elicitation gets a dedicated child
//                        (with client_roots: also one that declares roots); all others share.
//              shared    No dedicated children. The handshake of shared ones declares sampling
//                        and elicitation.
//              isolated  Every session gets a dedicated child or is refused. Calls without a
//                        session share.
//
// Dedicated and warm children together are limited, and so are the dedicated children of one owner
// (a key or an address). At the owner's limit, one of its own sessions is closed to make room; at
// the common limit, one of the owner that has most, if it has more than the new session's owner
// would have (EvictIdle). If no session can be closed, the new one shares (auto) or is refused
// (isolated). Owned by app. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.hpp"
#include "child/link.hpp"
#include "config/settings.hpp"
#include "jsonrpc/message.hpp"
#include "mux/core/call.hpp"
#include "mux/multiplexer.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"
#include "util/token_bucket.hpp"

namespace sidecar::mux {

class Instance;

using Sharing = config::Sharing;

struct InstancesOptions : config::InstanceSettings {
  Limits limits;
};

// A session's place at its instance. Destroying it ends the session there: its open calls are
// cancelled at the child and their replies are never used again, its subscriptions are released,
// and a dedicated child is ended.
class InstanceLease {
 public:
  InstanceLease(Instance& instance, ClientId client, std::function<void()> leave)
      : instance_(instance), client_(client), leave_(std::move(leave)) {}
  ~InstanceLease();
  InstanceLease(const InstanceLease&) = delete;
  InstanceLease& operator=(const InstanceLease&) = delete;

  // Requires kind kRequest. `timeout`: replaces Limits::call_timeout.
  void request(jsonrpc::Message message, Reply reply, std::optional<Clock::duration> timeout = {});
  // The same for a request of the sidecar on behalf of the session. Its id is not one of the
  // client's: has_call() does not find it, and the client cannot cancel it.
  void own_request(jsonrpc::Message message, Reply reply);
  // Requires kind kNotification.
  void notification(jsonrpc::Message message);
  // Requires kind kResult or kError: an answer to a request of the child.
  void answer(const jsonrpc::Message& message);

  // The client has seen the lists of an earlier sidecar's child: it gets list_changed.
  void lists_were_seen();

  // Whether the client has an open call with this id. A second one must not be opened, because its
  // answer could not be distinguished from the first's.
  bool has_call(std::string_view client_id) const;
  // Its open calls, including withdrawn ones that the child may still work on.
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
  std::size_t waiting = 0;  // calls not handed to the child yet
};

// The sessions that may be ended to make room for another one.
enum class Ending {
  kExpendable,  // no stream and no call is open
  kIdle,        // no call is open
  kAny,
};

// Ends the longest-idle session of an owner (auth::Principal::share_owner()) that has a dedicated
// child and may be ended. False: there is none.
using EvictIdle = std::function<bool(std::string_view owner, Ending which)>;

class Instances {
 public:
  Instances(child::ChildFactory factory, Timers& timers, InstancesOptions options,
            observe::Log& log, observe::Metrics& metrics);
  ~Instances();

  // A different rate starts with a full budget.
  void set_child_rate(Rate rate);
  // Called by the floor that owns the sessions.
  void set_evict_idle(EvictIdle evict_idle);

  // Starts the shared and the warm children. Call once.
  void start();

  // The place of a new session of `caller` with the first message `first`: an `initialize`, or any
  // other message of a client without capabilities. `client` must outlive the lease. Errors: it
  // needs a dedicated child, and there is no room for one; the text names the setting.
  Result<std::unique_ptr<InstanceLease>> join(Client& client, const auth::Principal& caller,
                                              const jsonrpc::Message& first);
  // A call without a session (REST), at the least loaded shared instance. `owner`: see CallOrigin.
  void request(std::string_view owner, jsonrpc::Message message, Reply reply,
               std::optional<Clock::duration> timeout = {});

  // Replaces every child: new calls wait for the new one, while the old one finishes its calls
  // (restart_drain). Sessions stay. Returns the number of replaced children: 0 once calls are
  // refused.
  std::size_t restart();

  // Permissions have changed: sessions get list_changed notifications as if from the child, and
  // lose subscriptions that are no longer permitted.
  void permissions_changed();

  // Shutdown: new calls are refused, calls in flight continue. No child is started any more.
  void refuse_calls(const std::string& why);
  // Counts a dropped message of a client.
  void drop(std::string_view reason);
  // Refuses calls and ends every child (child::KillLadder). `done` is called from the loop once
  // none runs.
  void stop(std::function<void()> done);
  // After stop(): sends SIGKILL at once.
  void kill_now();

  // Calls in flight, without withdrawn ones.
  std::size_t in_flight() const;
  // Of the shared instances: ready as soon as one of them is.
  Readiness readiness() const;
  // Of the first shared instance that has done a handshake; nullopt before.
  std::optional<ServerIdentity> identity() const;
  // Shared instances first, then dedicated, then warm ones.
  std::vector<InstanceStatus> status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sidecar::mux
