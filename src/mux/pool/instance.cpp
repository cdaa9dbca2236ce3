#include "mux/pool/instance.hpp"

#include <algorithm>
#include <numeric>

namespace sidecar::mux {
namespace {

constexpr std::chrono::milliseconds kDrainPoll{50};

}  // namespace

Instance::Instance(const InstanceSetting& setting, std::string name, ChildRole role)
    : setting_(setting), name_(std::move(name)), role_(role), now_(make_generation()) {}

std::unique_ptr<Instance::Generation> Instance::make_generation() const {
  return std::make_unique<Generation>(setting_, name_, role_);
}

void Instance::start(std::string params) {
  if (!params.empty()) initialize(std::move(params));
  now_->child->start();
}

void Instance::initialize(std::string params) {
  params_ = params;
  now_->mux.initialize(std::move(params));
}

void Instance::restart() {
  setting_.log.info("child is being replaced",
                    {{"child", name_}, {"calls_in_flight", now_->mux.in_flight()}});
  std::unique_ptr<Generation> before = std::exchange(now_, make_generation());
  if (!params_.empty()) now_->mux.initialize(params_);
  now_->child->start();
  before->child->retire();
  before->drain_until = setting_.timers.now() + setting_.restart_drain;
  before->mux.migrate_to(now_->mux);
  replaced_.push_back(std::move(before));
  look_after_replaced();
}

void Instance::look_after_replaced() {
  for (std::size_t i = 0; i < replaced_.size(); ++i) {
    Generation& generation = *replaced_[i];
    const bool dead = !generation.child->running();
    if (!generation.ending &&
        (dead || generation.mux.idle() || setting_.timers.now() >= generation.drain_until))
      end(generation);
  }
  if (std::all_of(replaced_.begin(), replaced_.end(),
                  [](const auto& generation) { return generation->ending; }))
    return;
  drain_timer_ = setting_.timers.after(kDrainPoll, [this] { look_after_replaced(); });
}

void Instance::end(Generation& generation) {
  generation.ending = true;
  generation.child->stop([this, &generation] { ended(&generation); });
}

void Instance::ended(const Generation* generation) {
  const auto found =
      std::find_if(replaced_.begin(), replaced_.end(),
                   [generation](const auto& each) { return each.get() == generation; });
  if (found != replaced_.end()) {
    dead_.push_back(std::move(*found));
    replaced_.erase(found);
    bury_timer_ = setting_.timers.after({}, [this] { dead_.clear(); });
  }
  if (stopped_ && replaced_.empty() && now_->child->status().state == child::ChildState::kStopped)
    std::exchange(stopped_, nullptr)();
}

void Instance::stop(std::function<void()> done) {
  stopped_ = std::move(done);
  drain_timer_.cancel();
  for (const auto& generation : replaced_) {
    if (!generation->ending) end(*generation);
  }
  end(*now_);
}

void Instance::kill_now() {
  now_->child->kill_now();
  for (const auto& generation : replaced_) generation->child->kill_now();
}

void Instance::refuse_calls(const std::string& why) { now_->mux.refuse_calls(why); }

void Instance::add(ClientId id, Client& client, const auth::Principal& caller,
                   ClientProfile profile) {
  now_->mux.add(id, client, caller, std::move(profile));
}

void Instance::remove(ClientId client) {
  now_->mux.remove(client);
  for (const auto& generation : replaced_) generation->mux.remove(client);
}

Instance::Generation& Instance::concerned(ClientId client, const jsonrpc::Message& message) {
  for (const auto& generation : replaced_) {
    if (generation->mux.concerns(client, message)) return *generation;
  }
  return *now_;
}

void Instance::request(CallOrigin origin, jsonrpc::Message message, Reply reply,
                       std::optional<Clock::duration> timeout) {
  Multiplexer& mux = concerned(origin.client, message).mux;
  mux.request(origin, std::move(message), std::move(reply), timeout);
}

void Instance::notification(ClientId client, jsonrpc::Message message) {
  Multiplexer& mux = concerned(client, message).mux;
  mux.notification(client, std::move(message));
}

void Instance::answer(ClientId client, const jsonrpc::Message& message) {
  concerned(client, message).mux.answer(client, message);
}

bool Instance::has_call(ClientId client, std::string_view client_id) const {
  return now_->mux.has_call(client, client_id) ||
         std::any_of(replaced_.begin(), replaced_.end(), [&](const auto& generation) {
           return generation->mux.has_call(client, client_id);
         });
}

std::size_t Instance::calls_of(ClientId client) const {
  return std::accumulate(replaced_.begin(), replaced_.end(), now_->mux.calls_of(client),
                         [client](std::size_t sum, const auto& generation) {
                           return sum + generation->mux.calls_of(client);
                         });
}

std::size_t Instance::in_flight() const {
  return std::accumulate(
      replaced_.begin(), replaced_.end(), now_->mux.in_flight(),
      [](std::size_t sum, const auto& generation) { return sum + generation->mux.in_flight(); });
}

}  // namespace sidecar::mux
