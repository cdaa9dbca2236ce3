// Fixture for Instances: sessions, and children played by the test.
#pragma once

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "mux/pool/instances.hpp"
#include "support/catch.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"
#include "support/messages.hpp"
#include "support/principals.hpp"

namespace sidecar::test::instances {

using test::answer_to;
using test::parsed;

inline constexpr const char* kSampling = R"("sampling":{})";
inline constexpr const char* kElicitation = R"("elicitation":{})";

inline jsonrpc::Message initialize(const std::string& capabilities) {
  return parsed(
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18",)"
      R"("capabilities":{)" +
      capabilities + "}}}");
}

// A session. It ends with its lease.
struct Session : mux::Client {
  void on_message(std::string text) override { heard.push_back(std::move(text)); }

  void call(const std::string& id, const std::string& method = "tools/call") {
    lease->request(
        parsed(fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}"}})", id, method)),
        mux::Reply(id, [this](mux::Answer answer) { answers.push_back(std::move(answer)); }));
  }
  std::string instance() const { return lease->instance(); }

  std::vector<std::string> heard;
  std::vector<mux::Answer> answers;
  std::unique_ptr<mux::InstanceLease> lease;
};

struct World {
  explicit World(mux::InstancesOptions options = {})
      : instances(links.factory(), timers, options, log, metrics) {
    instances.start();
  }

  // nullptr: it was refused; see `refusal`.
  std::unique_ptr<Session> join(const jsonrpc::Message& first, std::string owner = "ann") {
    auto session = std::make_unique<Session>();
    auto lease = instances.join(*session, key(std::move(owner), {}), first);
    if (!lease) {
      refusal = lease.error().message;
      return nullptr;
    }
    session->lease = *std::move(lease);
    return session;
  }
  std::unique_ptr<Session> join(const char* capabilities, std::string owner = "ann") {
    return join(initialize(capabilities), std::move(owner));
  }
  // The last child of this name.
  FakeLink& link(const std::string& name) {
    const auto found = std::find_if(links.all.rbegin(), links.all.rend(),
                                    [&](FakeLink* each) { return each->name == name; });
    REQUIRE(found != links.all.rend());
    return **found;
  }
  // Starts the child and answers its handshake. Returns the params of `initialize`.
  std::string ready(FakeLink& child) {
    if (!child.up) child.come_up();
    const jsonrpc::Message handshake = parsed(child.next());
    REQUIRE(handshake.method() == "initialize");
    child.say(answer_to(handshake, R"({"protocolVersion":"2025-06-18","capabilities":{}})"));
    CHECK(child.next() == R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
    return std::string(handshake.envelope.params.in(handshake.text));
  }
  void ready_all() {
    for (FakeLink* child : std::vector(links.all)) {
      if (!child->name.starts_with("own")) ready(*child);
    }
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const FakeLink* each : std::vector(links.all)) all.push_back(each->name);
    return all;
  }
  void end(FakeLink& child) {
    REQUIRE_FALSE(child.stopping.empty());
    child.finish_stop();
    timers.advance({});
  }

  FakeLinks links;
  ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  mux::Instances instances;
  std::string refusal;
};

inline mux::InstancesOptions with(void (*set)(mux::InstancesOptions&)) {
  mux::InstancesOptions options;
  set(options);
  return options;
}

using Names = std::vector<std::string>;

}  // namespace sidecar::test::instances
