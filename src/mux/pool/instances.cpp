#include "mux/pool/instances.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "mcp/protocol.hpp"
#include "mux/era/handshake_era.hpp"
#include "mux/pool/instance.hpp"
#include "observe/rate_limited_log.hpp"
#include "util/shares.hpp"

namespace sidecar::mux {

InstanceLease::~InstanceLease() { leave_(); }

void InstanceLease::request(jsonrpc::Message message, Reply reply,
                            std::optional<Clock::duration> timeout) {
  instance_.request(client_, std::move(message), std::move(reply), timeout);
}
void InstanceLease::own_request(jsonrpc::Message message, Reply reply) {
  CallOrigin origin(client_);
  origin.by_sidecar = true;
  instance_.request(origin, std::move(message), std::move(reply), {});
}
void InstanceLease::notification(jsonrpc::Message message) {
  instance_.notification(client_, std::move(message));
}
void InstanceLease::answer(const jsonrpc::Message& message) { instance_.answer(client_, message); }
void InstanceLease::lists_were_seen() { instance_.lists_were_seen_by(client_); }
bool InstanceLease::has_call(std::string_view client_id) const {
  return instance_.has_call(client_, client_id);
}
std::size_t InstanceLease::calls() const { return instance_.calls_of(client_); }
const std::string& InstanceLease::instance() const { return instance_.name(); }
bool InstanceLease::dedicated() const { return instance_.dedicated(); }

class Instances::Impl {
 public:
  Impl(child::ChildFactory factory, Timers& timers, InstancesOptions options, observe::Log& log,
       observe::Metrics& metrics)
      : options_(options),
        setting_{std::move(factory),    timers, ids_,   child_rate_, options.limits,
                 options.restart_drain, log,    metrics},
        sessions_(options.max_dedicated),
        processes_(2 * options.max_dedicated),
        refusals_(log, timers) {
    set_child_rate(options_.child_rate);
    for (std::size_t i = 1; i <= std::max<std::size_t>(options_.shared, 1); ++i) {
      shared_.push_back(
          std::make_unique<Instance>(setting_, i == 1 ? "child" : fmt::format("child-{}", i),
                                     ChildRole{.may_ask = options_.sharing == Sharing::kShared}));
    }
  }

  void start() {
    started_ = true;
    for (const auto& instance : shared_)
      instance->start(HandshakeEra::params(options_.sharing == Sharing::kShared));
    keep_warm();
  }

  Result<std::unique_ptr<InstanceLease>> join(Client& client, const auth::Principal& caller,
                                              const jsonrpc::Message& first) {
    const bool initializes = first.method() == mcp::method::kInitialize;
    ClientProfile profile = initializes ? profile_of(first) : ClientProfile{};
    const auto place = place_for(caller, profile, initializes ? &first : nullptr);
    if (!place) return tl::unexpected(place.error());
    Instance& instance = **place;
    const ClientId id = ids_.next_client++;
    instance.add(id, client, caller, std::move(profile));
    return std::make_unique<InstanceLease>(instance, id,
                                           [this, &instance, id] { leave(instance, id); });
  }

  void set_child_rate(Rate rate) { child_rate_.set(rate); }

  void set_evict_idle(EvictIdle evict_idle) { evict_idle_ = std::move(evict_idle); }

  // The least loaded shared instance that is ready; if none is, the least loaded of all.
  Instance& for_call() {
    return least_loaded([](const Instance& each) { return each.readiness().ready; });
  }

  // The same for a session. It stays for long, so an instance in its first start counts as ready.
  Instance& for_session() {
    return least_loaded([](const Instance& each) {
      const child::ChildStatus status = each.child_status();
      return each.readiness().ready ||
             (status.state == child::ChildState::kStarting && status.failed_starts == 0);
    });
  }

  std::size_t restart() {
    std::size_t replaced = 0;
    if (!closing_.empty()) return replaced;
    each([&replaced](Instance& instance) {
      instance.restart();
      ++replaced;
    });
    return replaced;
  }

  void refuse_calls(const std::string& why) {
    closing_ = why;
    each([&why](Instance& instance) { instance.refuse_calls(why); });
  }

  void permissions_changed() {
    each([](Instance& instance) { instance.permissions_changed(); });
  }

  void drop(std::string_view reason) { setting_.metrics.dropped(reason).Increment(); }

  void stop(std::function<void()> done) {
    if (closing_.empty()) refuse_calls("mcp-sidecar is shutting down");
    stopped_ = std::move(done);
    open_ = 0;
    each([this](Instance& instance) {
      ++open_;
      instance.stop([this] { one_stopped(); });
    });
    open_ += ending_.size();  // they are stopping already
  }

  void kill_now() {
    each([](Instance& instance) { instance.kill_now(); });
    for (const auto& instance : ending_) instance->kill_now();
  }

  std::size_t in_flight() const {
    std::size_t sum = 0;
    each([&sum](const Instance& instance) { sum += instance.in_flight(); });
    return sum;
  }

  Readiness readiness() const {
    Readiness first = shared_.front()->readiness();
    for (const auto& instance : shared_) {
      if (instance->readiness().ready) return instance->readiness();
    }
    return first;
  }

  std::optional<ServerIdentity> identity() const {
    for (const auto& instance : shared_) {
      if (instance->identity()) return instance->identity();
    }
    return std::nullopt;
  }

  std::vector<InstanceStatus> status() const {
    std::vector<InstanceStatus> all;
    each([&all](const Instance& instance) {
      all.push_back({instance.name(), instance.dedicated(), instance.child_status(),
                     instance.readiness(), instance.clients(), instance.in_flight(),
                     instance.waiting()});
    });
    return all;
  }

 private:
  // Preferred instances come before all others.
  template <class Preferred>
  Instance& least_loaded(Preferred preferred) {
    return **std::min_element(shared_.begin(), shared_.end(), [&](const auto& a, const auto& b) {
      return std::tuple(!preferred(*a), a->clients() + a->in_flight()) <
             std::tuple(!preferred(*b), b->clients() + b->in_flight());
    });
  }

  template <class Action>
  void each(Action action) const {
    for (const auto* list : {&shared_, &dedicated_, &warm_}) {
      for (const auto& instance : *list) action(*instance);
    }
  }

  // A dedicated child if the client needs one and the limits allow it, else a shared one.
  Result<Instance*> place_for(const auth::Principal& caller, const ClientProfile& profile,
                              const jsonrpc::Message* initialize) {
    const bool isolated = options_.sharing == Sharing::kIsolated;
    const bool wants_dedicated =
        isolated || (options_.sharing == Sharing::kAuto &&
                     (profile.can_be_asked() || (options_.client_roots && profile.roots)));
    if (!wants_dedicated || !closing_.empty()) return &for_session();
    const std::string& owner = caller.share_owner();
    if (const auto bound = make_room(owner); !bound.empty()) {
      setting_.metrics.refused("own_child").Increment();
      refusals_.warn(
          isolated ? "session refused" : "no room for a dedicated child; session shares one",
          {{"limit", bound},
           {"owner", owner},
           {"own_children", dedicated_.size()},
           {"of_this_owner", sessions_.held_by(owner)}});
      if (!isolated) return &for_session();
      return fail(fmt::format("no dedicated process for this session: {} is reached", bound));
    }
    std::string params = initialize == nullptr
                             ? std::string()
                             : dedicated_handshake_params(*initialize, options_.client_roots);
    if (params.empty()) params = HandshakeEra::params(false);
    if (!warm_.empty()) {
      dedicated_.push_back(std::move(warm_.front()));
      warm_.erase(warm_.begin());
      dedicated_.back()->initialize(std::move(params));
    } else {
      dedicated_.push_back(make_dedicated());
      dedicated_.back()->start(std::move(params));
    }
    Held held{sessions_.hold(owner), processes_.hold(owner)};
    held.session.set(1);
    held.process.set(1);
    held_.emplace(dedicated_.back().get(), std::move(held));
    keep_warm();
    show();
    return dedicated_.back().get();
  }

  // Ends sessions until there is room for one more of the owner: many clients never end theirs.
  // Returns the limit that is reached; empty: there is room.
  std::string make_room(const std::string& owner) {
    std::string of_owner = fmt::format("MCP_MAX_INSTANCES_PER_OWNER ({} for one key or address)",
                                       options_.max_dedicated_per_owner);
    std::string of_all = fmt::format("MCP_MAX_INSTANCES ({})", options_.max_dedicated);
    while (sessions_.held_by(owner) >= options_.max_dedicated_per_owner) {
      if (!evict_idle_ || !evict_idle_(owner, Ending::kExpendable)) return of_owner;
    }
    // A warm child is already counted.
    if (!warm_.empty()) return {};
    while (dedicated_.size() >= options_.max_dedicated) {
      const auto from = sessions_.admit(owner, 1).from;
      if (!evict_idle_ || !(from ? end_one_of(*from) : evict_idle_(owner, Ending::kExpendable)))
        return of_all;
    }
    // Ending children are processes too, for some seconds. One owner cannot use up this limit:
    // a quarter of it stays for others.
    const std::size_t most = 2 * options_.max_dedicated;
    const bool fits = dedicated_.size() + ending_.size() < most &&
                      processes_.held_by(owner) < most - options_.max_dedicated / 2;
    return fits ? std::string() : of_all;
  }

  // A session that cannot share gets room even if no session is idle.
  bool end_one_of(const std::string& owner) {
    if (evict_idle_(owner, Ending::kExpendable)) return true;
    return options_.sharing == Sharing::kIsolated &&
           (evict_idle_(owner, Ending::kIdle) || evict_idle_(owner, Ending::kAny));
  }

  std::unique_ptr<Instance> make_dedicated() {
    return std::make_unique<Instance>(setting_, fmt::format("own-{}", ++dedicated_made_),
                                      ChildRole{true, options_.client_roots});
  }

  void keep_warm() {
    if (!started_ || !closing_.empty()) return;
    while (warm_.size() < options_.warm &&
           dedicated_.size() + ending_.size() + warm_.size() < options_.max_dedicated) {
      warm_.push_back(make_dedicated());
      warm_.back()->start();
    }
  }

  // A session leaves; its dedicated child ends.
  void leave(Instance& instance, ClientId client) {
    instance.remove(client);
    if (!instance.dedicated()) return;
    held_.at(&instance).session.set(0);
    const auto found =
        std::find_if(dedicated_.begin(), dedicated_.end(),
                     [&instance](const auto& each) { return each.get() == &instance; });
    // During stop() instances stay in their lists.
    if (found == dedicated_.end() || stopped_ || open_ > 0) return;
    ending_.push_back(std::move(*found));
    dedicated_.erase(found);
    show();
    instance.stop([this, &instance] {
      const auto ended =
          std::find_if(ending_.begin(), ending_.end(),
                       [&instance](const auto& each) { return each.get() == &instance; });
      held_.erase(&instance);
      dead_.push_back(std::move(*ended));
      ending_.erase(ended);
      bury_timer_ = setting_.timers.after({}, [this] { dead_.clear(); });
      if (open_ > 0) return one_stopped();
      keep_warm();
    });
  }

  void one_stopped() {
    if (--open_ == 0 && stopped_) std::exchange(stopped_, nullptr)();
  }

  void show() { setting_.metrics.dedicated_children.Set(static_cast<double>(dedicated_.size())); }

  const InstancesOptions options_;
  IdAllocator ids_;
  ChildRate child_rate_;
  const InstanceSetting setting_;
  std::vector<std::unique_ptr<Instance>> shared_;
  std::vector<std::unique_ptr<Instance>> dedicated_;
  std::vector<std::unique_ptr<Instance>> warm_;
  std::vector<std::unique_ptr<Instance>> ending_;  // their sessions have ended
  // Their callbacks may still be running; destroyed in the next turn of the loop.
  std::vector<std::unique_ptr<Instance>> dead_;
  Timer bury_timer_;
  // The charge of each child of dedicated_ and ending_ to its owner.
  struct Held {
    Shares::Holding session;  // until the session ends
    Shares::Holding process;
  };
  Shares sessions_;
  Shares processes_;
  std::unordered_map<const Instance*, Held> held_;
  observe::RateLimitedLog refusals_;
  EvictIdle evict_idle_;
  std::size_t dedicated_made_ = 0;
  bool started_ = false;
  std::string closing_;
  std::size_t open_ = 0;  // instances that have not stopped yet, during stop()
  std::function<void()> stopped_;
};

Instances::Instances(child::ChildFactory factory, Timers& timers, InstancesOptions options,
                     observe::Log& log, observe::Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(factory), timers, options, log, metrics)) {}
Instances::~Instances() = default;

void Instances::set_child_rate(Rate rate) { impl_->set_child_rate(rate); }
void Instances::set_evict_idle(EvictIdle evict_idle) {
  impl_->set_evict_idle(std::move(evict_idle));
}
void Instances::start() { impl_->start(); }
Result<std::unique_ptr<InstanceLease>> Instances::join(Client& client,
                                                       const auth::Principal& caller,
                                                       const jsonrpc::Message& first) {
  return impl_->join(client, caller, first);
}
void Instances::request(std::string_view owner, jsonrpc::Message message, Reply reply,
                        std::optional<Clock::duration> timeout) {
  impl_->for_call().request(CallOrigin::of_owner(owner), std::move(message), std::move(reply),
                            timeout);
}
std::size_t Instances::restart() { return impl_->restart(); }
void Instances::permissions_changed() { impl_->permissions_changed(); }
void Instances::drop(std::string_view reason) { impl_->drop(reason); }
void Instances::refuse_calls(const std::string& why) { impl_->refuse_calls(why); }
void Instances::stop(std::function<void()> done) { impl_->stop(std::move(done)); }
void Instances::kill_now() { impl_->kill_now(); }
std::size_t Instances::in_flight() const { return impl_->in_flight(); }
Readiness Instances::readiness() const { return impl_->readiness(); }
std::optional<ServerIdentity> Instances::identity() const { return impl_->identity(); }
std::vector<InstanceStatus> Instances::status() const { return impl_->status(); }

}  // namespace sidecar::mux
