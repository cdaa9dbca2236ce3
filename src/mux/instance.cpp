#include "mux/instance.hpp"

#include <algorithm>
#include <numeric>

namespace sidecar::mux {
namespace {

constexpr std::chrono::milliseconds kDrainPoll{50};

}  // namespace

Instance::Instance(const InstanceSetting& setting, std::string name, Terms terms)
    : setting_(setting), name_(std::move(name)), terms_(terms), now_(make_unit()) {}

std::unique_ptr<Instance::Unit> Instance::make_unit() const {
  return std::make_unique<Unit>(setting_, name_, terms_);
}

void Instance::start(std::string params) {
  if (!params.empty()) initialize(std::move(params));
  now_->child->start();
}

void Instance::initialize(std::string params) {
  params_ = params;
  now_->mux.initialize(std::move(params));
}

// --- replacing
// --------------------------------------------------------------------------------------------------------

void Instance::restart() {
  setting_.log.info("child is being replaced",
                    {{"child", name_}, {"calls_in_flight", now_->mux.in_flight()}});
  std::unique_ptr<Unit> before = std::exchange(now_, make_unit());
  if (!params_.empty()) now_->mux.initialize(params_);
  now_->child->start();
  before->child->retire();
  before->drain_until = setting_.timers.now() + setting_.restart_drain;
  before->mux.hand_over_to(now_->mux);
  replaced_.push_back(std::move(before));
  look_after_replaced();
}

void Instance::look_after_replaced() {
  for (std::size_t i = 0; i < replaced_.size(); ++i) {
    Unit& unit = *replaced_[i];
    const bool dead = !unit.child->running();
    if (!unit.ending && (dead || unit.mux.idle() || setting_.timers.now() >= unit.drain_until)) end(unit);
  }
  if (std::all_of(replaced_.begin(), replaced_.end(), [](const auto& unit) { return unit->ending; })) return;
  drain_timer_ = setting_.timers.after(kDrainPoll, [this] { look_after_replaced(); });
}

void Instance::end(Unit& unit) {
  unit.ending = true;
  unit.child->stop([this, &unit] { ended(&unit); });
}

void Instance::ended(const Unit* unit) {
  const auto found = std::find_if(replaced_.begin(), replaced_.end(),
                                  [unit](const auto& each) { return each.get() == unit; });
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
  for (const auto& unit : replaced_) {
    if (!unit->ending) end(*unit);
  }
  end(*now_);
}

void Instance::kill_now() {
  now_->child->kill_now();
  for (const auto& unit : replaced_) unit->child->kill_now();
}

void Instance::refuse_calls(const std::string& why) { now_->mux.refuse_calls(why); }

// --- clients
// ----------------------------------------------------------------------------------------------------------

void Instance::add(ClientId id, Client& client, const observe::Caller& caller, ClientProfile profile) {
  now_->mux.add(id, client, caller, std::move(profile));
}

void Instance::remove(ClientId client) {
  now_->mux.remove(client);
  for (const auto& unit : replaced_) unit->mux.remove(client);
}

Instance::Unit& Instance::concerned(ClientId client, const jsonrpc::Message& message) {
  for (const auto& unit : replaced_) {
    if (unit->mux.concerns(client, message)) return *unit;
  }
  return *now_;
}

void Instance::request(Asker asker, jsonrpc::Message message, Reply reply,
                       std::optional<Clock::duration> timeout) {
  Multiplexer& mux = concerned(asker.client, message).mux;
  mux.request(asker, std::move(message), std::move(reply), timeout);
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
         std::any_of(replaced_.begin(), replaced_.end(),
                     [&](const auto& unit) { return unit->mux.has_call(client, client_id); });
}

std::size_t Instance::calls_of(ClientId client) const {
  return std::accumulate(
      replaced_.begin(), replaced_.end(), now_->mux.calls_of(client),
      [client](std::size_t sum, const auto& unit) { return sum + unit->mux.calls_of(client); });
}

std::size_t Instance::in_flight() const {
  return std::accumulate(replaced_.begin(), replaced_.end(), now_->mux.in_flight(),
                         [](std::size_t sum, const auto& unit) { return sum + unit->mux.in_flight(); });
}

}  // namespace sidecar::mux
