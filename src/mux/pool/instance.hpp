// Instance: one running copy of the wrapped server with its clients: a child and its multiplexer
// and, after a restart, the replaced children that still finish their calls. Clients keep their
// instance across restarts. Owned by Instances. Loop thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "child/link.hpp"
#include "mux/multiplexer.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

// Shared by all instances. Outlives them.
struct InstanceSetting {
  child::ChildFactory factory;
  Timers& timers;
  IdAllocator& ids;
  ChildRate& child_rate;
  Limits limits;
  std::chrono::milliseconds restart_drain;
  observe::Log& log;
  observe::Metrics& metrics;
};

class Instance {
 public:
  Instance(const InstanceSetting& setting, std::string name, ChildRole role);

  // Starts the child. Without params it is a warm child, which waits for initialize().
  void start(std::string params = {});
  void initialize(std::string params);
  bool initialized() const { return !params_.empty(); }

  // Replaces the child. The replaced one may finish its calls for at most restart_drain.
  void restart();
  // Ends all of its children (child::KillLadder); `done` is called from the loop.
  void stop(std::function<void()> done);
  void kill_now();
  void refuse_calls(const std::string& why);
  void permissions_changed() { now_->mux.permissions_changed(); }

  void add(ClientId id, Client& client, const auth::Principal& caller, ClientProfile profile);
  void lists_were_seen_by(ClientId client) { now_->mux.lists_were_seen_by(client); }
  void remove(ClientId client);
  void request(CallOrigin origin, jsonrpc::Message message, Reply reply,
               std::optional<Clock::duration> timeout);
  void notification(ClientId client, jsonrpc::Message message);
  void answer(ClientId client, const jsonrpc::Message& message);
  bool has_call(ClientId client, std::string_view client_id) const;
  std::size_t calls_of(ClientId client) const;

  const std::string& name() const { return name_; }
  bool dedicated() const { return role_.dedicated; }
  std::size_t clients() const { return now_->mux.clients(); }
  std::size_t in_flight() const;
  std::size_t waiting() const { return now_->mux.waiting(); }
  Readiness readiness() const { return now_->mux.readiness(); }
  const std::optional<ServerIdentity>& identity() const { return now_->mux.identity(); }
  child::ChildStatus child_status() const { return now_->child->status(); }

 private:
  // One child and its multiplexer. The child calls the multiplexer back, so it is declared first.
  struct Generation {
    Generation(const InstanceSetting& setting, const std::string& name, ChildRole role)
        : child(setting.factory(name)),
          mux(*child, setting.timers, setting.ids, setting.child_rate, setting.limits, role,
              setting.log, setting.metrics) {
      child->set_events(mux);
    }
    const std::unique_ptr<child::ManagedChild> child;
    Multiplexer mux;
    bool ending = false;
    Clock::time_point drain_until{};
  };

  std::unique_ptr<Generation> make_generation() const;
  // The generation that the message concerns.
  Generation& concerned(ClientId client, const jsonrpc::Message& message);
  void look_after_replaced();
  void end(Generation& generation);
  void ended(const Generation* generation);

  const InstanceSetting& setting_;
  const std::string name_;
  const ChildRole role_;
  std::string params_;
  std::unique_ptr<Generation> now_;
  std::vector<std::unique_ptr<Generation>> replaced_;
  // Their callbacks may still be running; destroyed in the next turn of the loop.
  std::vector<std::unique_ptr<Generation>> dead_;
  Timer drain_timer_;
  Timer bury_timer_;
  std::function<void()> stopped_;
};

}  // namespace sidecar::mux
