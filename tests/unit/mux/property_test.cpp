// Random interleavings of all acts of clients and children, checked against the model (model.hpp).
// SIDECAR_PROPERTY_RUNS: number of seeds (default 200). SIDECAR_PROPERTY_SEED: a single seed.
#include <cstdlib>
#include <fmt/format.h>
#include <iostream>

#include "model.hpp"
#include "support/catch.hpp"

namespace sidecar::model {

void World::act() {
  std::vector<Child*> all;
  for (const auto& child : children_) {
    if (child->link != nullptr) all.push_back(child.get());
  }
  Child& child = *all[pick(all.size())];
  Session* const session = some_session();
  const std::size_t kind = pick(1000);
  if (session == nullptr || kind < 25) {
    if (sessions_.size() < 40) join();
  } else if (kind < 270) {
    ask(session);
  } else if (kind < 290) {
    ask(nullptr);
  } else if (kind < 330) {
    cancel(*session);
  } else if (kind < 370) {
    answer_question(*session);
  } else if (kind < 385) {
    notify(*session);
  } else if (kind < 395) {
    leave(*session);
  } else if (kind < 400) {
    session->listening = !session->listening;
  } else if (kind < 410) {
    pass_time(std::chrono::milliseconds(1L << pick(chance(10) ? 23 : 14)));
  } else if (kind < 414) {
    replace_all();
  } else if (child.ending()) {
    if (chance(20)) finish(child);
  } else if (!child.up()) {
    if (chance(20) && child.link->started && !child.link->retired)
      die(child, static_cast<unsigned>(pick(5)));  // it fails to start
    else
      come_up(child);
  } else if (child.initialized && !child.ready) {
    if (chance(50)) shake(child, chance(85));
  } else if (kind < 425) {
    if (chance(50)) die(child, chance(80) ? 0 : static_cast<unsigned>(pick(5)));
  } else if (kind < 450) {
    child.link->wants = !child.link->wants;
    if (child.link->wants) child.link->events->on_child_writable();
  } else if (kind < 700) {
    read(child, 1 + pick(3));
  } else if (child.initialized) {
    speak(child);
  }
  check();
}

}  // namespace sidecar::model

using namespace sidecar;

namespace {

constexpr int kActs = 400;

unsigned setting(const char* name, unsigned otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? static_cast<unsigned>(std::stoul(value)) : otherwise;
}

void run(std::uint32_t seed, mux::InstancesOptions options) {
  options.limits.calls_per_client = 6;
  model::World world(seed, options);
  for (int act = 0; act < kActs && world.complaints().empty(); ++act) world.act();
  if (world.complaints().empty()) world.wind_down();
  if (world.complaints().empty()) return;
  std::cerr << world.complaints();
  FAIL("with SIDECAR_PROPERTY_SEED=" << seed);
}

void run_all(const mux::InstancesOptions& options) {
  if (std::getenv("SIDECAR_PROPERTY_SEED") != nullptr)
    return run(setting("SIDECAR_PROPERTY_SEED", 1), options);
  const unsigned runs = setting("SIDECAR_PROPERTY_RUNS", 200);
  for (std::uint32_t seed = 1; seed <= runs; ++seed) run(seed, options);
}

}  // namespace

TEST_CASE(
    "property: whatever clients and one shared child do, each gets its own messages and nothing "
    "else") {
  mux::InstancesOptions options;
  options.sharing = mux::Sharing::kShared;
  options.limits.calls = 24;
  run_all(options);
}

TEST_CASE(
    "property: the same with so few calls in total that owners often lose calls to each other") {
  mux::InstancesOptions options;
  options.sharing = mux::Sharing::kShared;
  options.limits.calls = 8;
  run_all(options);
}

TEST_CASE("property: the same with three shared children, dedicated ones and warm ones") {
  mux::InstancesOptions options;
  options.shared = 3;
  options.max_dedicated = 3;
  options.max_dedicated_per_owner = 2;
  options.warm = 1;
  options.limits.calls = 24;
  run_all(options);
}
