// Instances: ends and replacements of children, and their status.
#include "instances_world.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::test::instances;
using namespace std::chrono_literals;
using test::Contains;
using test::FakeLink;

TEST_CASE(
    "instances: a dedicated child is ended when its session leaves, and destroyed once it has "
    "stopped") {
  World w;
  auto session = w.join(kSampling);
  FakeLink& own = w.link("own-1");
  w.ready(own);
  session->call("1");
  session.reset();
  CHECK(own.stopping.size() == 1);
  CHECK(w.metrics.dedicated_children.Value() == 0);
  CHECK(w.instances.status().size() == 1);
  own.finish_stop();
  CHECK(w.links.lives(&own));  // its callback is still running
  w.timers.advance({});
  CHECK_FALSE(w.links.lives(&own));
  CHECK(w.timers.waiting() == 0);
}

TEST_CASE("instances: shared children stay when sessions leave") {
  World w;
  w.ready(w.link("child"));
  w.join("").reset();
  CHECK(w.link("child").stopping.empty());
  CHECK(w.instances.status().front().sessions == 0);
}

TEST_CASE(
    "instances: stop is done once, after every child has stopped, in whatever order they do") {
  std::vector<int> order = {0, 1, 2, 3, 4, 5};
  do {
    World w(with([](auto& options) {
      options.shared = 2;
      options.max_dedicated = 3;
      options.warm = 1;
    }));
    w.ready_all();
    const auto stays = w.join(kSampling);
    w.join(kSampling).reset();  // its child is ending
    const auto shares = w.join("");
    shares->call("1");
    FakeLink& before = w.link(shares->instance());
    w.instances.restart();  // only one of the replaced children has a call to finish
    for (FakeLink* child : std::vector(w.links.all)) {
      if (!child->up) child->come_up();
      if (child->retired && child != &before) w.end(*child);
    }
    const std::vector<FakeLink*> to_stop = w.links.all;
    int done = 0;
    w.instances.stop([&done] { ++done; });
    REQUIRE(to_stop.size() == 6);  // two shared, one replaced, dedicated, ending, warm
    for (const int i : order) {
      CHECK(done == 0);
      REQUIRE_FALSE(to_stop[static_cast<std::size_t>(i)]->stopping.empty());
      to_stop[static_cast<std::size_t>(i)]->finish_stop();
      if (i % 2 == 0) w.timers.advance({});
    }
    CHECK(done == 1);
    w.timers.advance(24h);
    CHECK(done == 1);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("instances: after stop no child is started, whatever sessions join or leave") {
  World w(with([](auto& options) { options.warm = 1; }));
  auto session = w.join(kSampling), later = w.join(kSampling);
  const std::size_t started = w.links.made;
  int done = 0;
  w.instances.stop([&done] { ++done; });
  session.reset();
  CHECK(w.join(kSampling)->instance() == "child");
  CHECK(w.instances.restart() == 0);
  for (FakeLink* child : std::vector(w.links.all)) {
    child->finish_stop();
    w.timers.advance({});
  }
  CHECK(done == 1);
  later.reset();
  for (FakeLink* child : std::vector(w.links.all)) child->finish_stop();
  w.timers.advance({});
  CHECK(done == 1);
  CHECK(w.links.made == started);
}

TEST_CASE("instances: kill_now reaches every child that is being stopped") {
  World w(with([](auto& options) { options.warm = 1; }));
  w.ready(w.link("child"));
  const auto stays = w.join(kSampling), shares = w.join("");
  w.join(kSampling).reset();
  shares->call("1");
  w.instances.restart();
  w.instances.stop([] {});
  w.instances.kill_now();
  REQUIRE(w.links.all.size() >= 5);
  for (const FakeLink* child : w.links.all) {
    INFO(child->name);
    CHECK(child->killed);
  }
}

TEST_CASE(
    "instances: restart replaces the child of every instance, and sessions keep their leases") {
  World w(with([](auto& options) {
    options.shared = 2;
    options.warm = 1;
  }));
  w.ready_all();
  const auto own = w.join(kSampling), one = w.join(""), other = w.join("");
  w.ready(w.link("own-1"));
  std::map<std::string, FakeLink*> before;
  for (FakeLink* child : std::vector(w.links.all)) before[child->name] = child;
  REQUIRE(before.size() == 4);
  CHECK(w.instances.restart() == 4);
  for (const auto& [name, child] : before) {
    INFO(name);
    CHECK(child->retired);
    CHECK(&w.link(name) != child);
    CHECK(w.link(name).started);
    w.end(*child);  // nothing was in flight
  }
  for (const auto& session : {&own, &one, &other}) {
    FakeLink& child = w.link((*session)->instance());
    (*session)->call("1");
    CHECK(child.sent.empty());
    w.ready(child);
    child.say(answer_to(child.next()));
    REQUIRE((*session)->answers.size() == 1);
    CHECK((*session)->answers[0].outcome == mux::Outcome::kResult);
  }
  // The new warm child waits like the old one.
  w.link("own-2").come_up();
  CHECK(w.link("own-2").sent.empty());
}

TEST_CASE(
    "instances: a replaced child is ended once its calls are done; calls that waited go to the new "
    "one") {
  World w;
  FakeLink& before = w.link("child");
  w.ready(before);
  const auto session = w.join("");
  session->call("1");
  const std::string first = before.next();
  before.wants = false;
  session->call("2");
  w.instances.restart();
  FakeLink& after = w.link("child");
  REQUIRE(&after != &before);
  w.timers.advance(20s);
  CHECK(before.stopping.empty());
  w.ready(after);
  const std::string second = after.next();
  CHECK(parsed(second).method() == "tools/call");
  before.say(answer_to(first));
  REQUIRE(session->answers.size() == 1);
  CHECK(session->answers[0].text == R"({"jsonrpc":"2.0","id":1,"result":{}})");
  w.timers.advance(100ms);
  w.end(before);
  CHECK_FALSE(w.links.lives(&before));
  after.say(answer_to(second));
  CHECK(session->answers.size() == 2);
  w.timers.advance(1h);
  CHECK(w.timers.waiting() == 0);
}

TEST_CASE(
    "instances: a replaced child that does not finish its calls is ended after restart_drain") {
  World w(with([](auto& options) { options.restart_drain = 5s; }));
  FakeLink& before = w.link("child");
  w.ready(before);
  const auto session = w.join("");
  session->call("1");
  w.instances.restart();
  w.timers.advance(5s - 1ms);
  CHECK(before.stopping.empty());
  w.timers.advance(100ms);
  CHECK(before.stopping.size() == 1);
  before.up = false;
  child::Exit exit;
  exit.reason = "was ended";
  exit.final = true;
  before.events->on_child_exit(exit);
  REQUIRE(session->answers.size() == 1);
  CHECK(session->answers[0].outcome == mux::Outcome::kChildDied);
  w.end(before);
  CHECK_FALSE(w.links.lives(&before));
}

TEST_CASE("instances: after two replacements both replaced children finish their calls") {
  World w;
  const auto session = w.join("");
  std::vector<FakeLink*> all;
  for (const char* id : {"1", "2", "3"}) {
    all.push_back(&w.link("child"));
    w.ready(*all.back());
    session->call(id);
    if (all.size() < 3) w.instances.restart();
  }
  CHECK(w.links.all.size() == 3);
  CHECK(w.instances.in_flight() == 3);
  CHECK(session->lease->calls() == 3);
  CHECK(session->lease->has_call("1"));
  for (FakeLink* child : {all[1], all[0], all[2]}) child->say(answer_to(child->next()));
  CHECK(session->answers.size() == 3);
  w.timers.advance(100ms);
  w.end(*all[0]);
  w.end(*all[1]);
  CHECK(w.links.all == std::vector<FakeLink*>{all[2]});
}

TEST_CASE(
    "instances: a session that leaves while its dedicated child is being replaced ends both") {
  World w;
  auto session = w.join(kSampling);
  FakeLink& before = w.link("own-1");
  w.ready(before);
  session->call("1");
  w.instances.restart();
  FakeLink& after = w.link("own-1");
  session.reset();
  w.end(*w.links.all.front());  // the shared one had nothing to finish
  w.end(after);
  CHECK(w.links.lives(&before));
  w.end(before);
  CHECK(w.names() == Names{"child"});
}

TEST_CASE("instances: once calls are refused, open ones continue and nothing new is started") {
  World w(with([](auto& options) { options.warm = 1; }));
  FakeLink& child = w.link("child");
  w.ready(child);
  const auto session = w.join("");
  session->call("1");
  w.instances.refuse_calls("going home");
  session->call("2");
  REQUIRE(session->answers.size() == 1);
  CHECK(session->answers[0].outcome == mux::Outcome::kUnavailable);
  CHECK_THAT(session->answers[0].text, Contains("going home"));
  mux::Outcome rest{};
  w.instances.request("alice", parsed(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})"),
                      mux::Reply("1", [&rest](mux::Answer answer) { rest = answer.outcome; }));
  CHECK(rest == mux::Outcome::kUnavailable);
  CHECK(w.join(kSampling)->instance() == "child");
  CHECK(w.instances.restart() == 0);
  CHECK(w.names() == Names{"child", "own-1"});
  CHECK_FALSE(w.instances.readiness().ready);
  CHECK(w.instances.readiness().reason(auth::Disclosure::kState) == "going home");
  child.say(answer_to(child.next()));
  REQUIRE(session->answers.size() == 2);
  CHECK(session->answers[1].outcome == mux::Outcome::kResult);
}

TEST_CASE("instances: ready as soon as one shared child is, regardless of dedicated ones") {
  World w(with([](auto& options) { options.shared = 2; }));
  CHECK_FALSE(w.instances.readiness().ready);
  CHECK(w.instances.readiness().retry_after == 1s);
  const auto session = w.join(kSampling);
  w.ready(w.link("own-1"));
  CHECK_FALSE(w.instances.readiness().ready);
  w.ready(w.link("child-2"));
  CHECK(w.instances.readiness().ready);
  FakeLink& child = w.link("child-2");
  child.up = false;
  child::Exit exit;
  exit.reason = "exited with code 3";
  exit.failed_starts = 3;
  child.events->on_child_exit(exit);
  CHECK_FALSE(w.instances.readiness().ready);
}

TEST_CASE("instances: status lists every child, shared ones first, warm ones last") {
  World w(with([](auto& options) { options.warm = 1; }));
  w.ready(w.link("child"));
  const auto own = w.join(kSampling), one = w.join(""), other = w.join("");
  one->call("1");
  one->call("2");
  own->call("1");
  const auto all = w.instances.status();
  REQUIRE(all.size() == 3);
  CHECK(all[0].name == "child");
  CHECK_FALSE(all[0].dedicated);
  CHECK(all[0].sessions == 2);
  CHECK(all[0].calls == 2);
  CHECK(all[0].readiness.ready);
  CHECK(all[1].name == "own-1");
  CHECK(all[1].dedicated);
  CHECK(all[1].sessions == 1);
  CHECK(all[1].calls == 1);
  CHECK_FALSE(all[1].readiness.ready);
  CHECK(all[2].name == "own-2");
  CHECK(all[2].sessions == 0);
  CHECK(w.instances.in_flight() == 3);
}

TEST_CASE(
    "instances: the gauges of calls and of requests to clients are of all instances together") {
  World w(with([](auto& options) { options.shared = 2; }));
  w.ready_all();
  const auto one = w.join(""), other = w.join(""), own = w.join(kSampling);
  w.ready(w.link("own-1"));
  REQUIRE(one->instance() != other->instance());
  for (const auto& session : {&one, &other, &own}) (*session)->call("1");
  CHECK(w.metrics.calls_in_flight.Value() == 3);
  FakeLink& first = w.link(one->instance());
  first.say(answer_to(first.next()));
  CHECK(w.metrics.calls_in_flight.Value() == 2);
  w.link("own-1").say(R"({"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{}})");
  CHECK(w.metrics.server_requests.Value() == 1);
  other->call("2");
  CHECK(w.metrics.calls_in_flight.Value() == 3);
  CHECK(w.metrics.server_requests.Value() == 1);
}
