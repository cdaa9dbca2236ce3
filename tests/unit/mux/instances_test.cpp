// Instances: the assignment of sessions to children, and limits of children.
#include "instances_world.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::test::instances;
using namespace std::chrono_literals;
using mux::Sharing;
using test::Contains;
using test::FakeLink;

TEST_CASE(
    "instances: in auto, a client that declares sampling or elicitation gets a dedicated child, "
    "others share") {
  World w;
  const auto plain = w.join(""), roots = w.join(R"("roots":{"listChanged":true})");
  const auto lazy = w.join(parsed(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})"));
  const auto odd = w.join(R"("sampling":true,"elicitation":null)");
  for (const auto* session : {&plain, &roots, &lazy, &odd})
    CHECK((*session)->instance() == "child");
  const auto sampling = w.join(kSampling), forms = w.join(kElicitation),
             urls = w.join(R"("elicitation":{"url":{}})");
  CHECK(sampling->instance() == "own-1");
  CHECK(forms->instance() == "own-2");
  CHECK(urls->instance() == "own-3");
  CHECK(w.names() == Names{"child", "own-1", "own-2", "own-3"});
  CHECK(w.metrics.dedicated_children.Value() == 3);
}

TEST_CASE(
    "instances: a dedicated child gets its client's initialize without roots; a shared one "
    "declares nothing") {
  World w;
  CHECK_THAT(w.ready(w.link("child")), Contains(R"("capabilities":{},)"));
  const auto session = w.join(R"("roots":{},"sampling":{"context":{}},"x":1.0)");
  CHECK(w.link("own-1").started);
  CHECK(w.ready(w.link("own-1")) ==
        R"({"protocolVersion":"2025-06-18","capabilities":{"sampling":{"context":{}},"x":1.0}})");
}

TEST_CASE("instances: with client roots a dedicated child gets them") {
  World w(with([](auto& options) { options.client_roots = true; }));
  const auto session = w.join(R"("roots":{},"sampling":{})");
  CHECK(w.ready(w.link("own-1")) ==
        R"({"protocolVersion":"2025-06-18","capabilities":{"roots":{},"sampling":{}}})");
}

TEST_CASE(
    "instances: in shared no session gets a dedicated child; the shared one may ask for all but "
    "roots") {
  World w(with([](auto& options) { options.sharing = Sharing::kShared; }));
  CHECK_THAT(w.ready(w.link("child")),
             Contains(R"("capabilities":{"sampling":{},"elicitation":{"form":{},"url":{}}},)"));
  const auto session = w.join(kSampling);
  CHECK(session->instance() == "child");
  CHECK(w.names() == Names{"child"});
  // It may ask the client that it works for.
  session->call("1");
  w.link("child").next();
  w.link("child").say(R"({"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{}})");
  CHECK(session->heard ==
        Names{R"({"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}})"});
}

TEST_CASE(
    "instances: in isolated every session gets a dedicated child, even one that never "
    "initialises") {
  World w(with([](auto& options) { options.sharing = Sharing::kIsolated; }));
  const auto plain = w.join("");
  const auto lazy = w.join(parsed(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})"));
  CHECK(plain->instance() == "own-1");
  CHECK(lazy->instance() == "own-2");
  CHECK(w.ready(w.link("own-1")) == R"({"protocolVersion":"2025-06-18","capabilities":{}})");
  CHECK_THAT(w.ready(w.link("own-2")),
             Contains(R"("capabilities":{},"clientInfo":{"name":"mcp-sidecar")"));
  lazy->call("1");
  CHECK(parsed(w.link("own-2").next()).method() == "tools/call");
}

TEST_CASE("instances: sessions and calls are spread over the shared children, least loaded first") {
  World w(with([](auto& options) { options.shared = 3; }));
  CHECK(w.names() == Names{"child", "child-2", "child-3"});
  w.ready_all();
  std::vector<std::unique_ptr<Session>> sessions;
  std::map<std::string, int> at;
  for (int i = 0; i < 6; ++i) ++at[sessions.emplace_back(w.join(""))->instance()];
  CHECK(at == std::map<std::string, int>{{"child", 2}, {"child-2", 2}, {"child-3", 2}});
  // Calls count as sessions do.
  for (const auto& session : sessions) {
    if (session->instance() != "child-2") session->call("1");
  }
  CHECK(w.join("")->instance() == "child-2");
  // So does a call without a session.
  const std::size_t before = w.link("child-2").sent.size();
  w.instances.request("alice", parsed(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})"),
                      mux::Reply("1", [](auto) {}));
  CHECK(w.link("child-2").sent.size() == before + 1);
  // A session that leaves makes room.
  std::erase_if(sessions, [](const auto& session) { return session->instance() == "child-3"; });
  CHECK(w.join("")->instance() == "child-3");
}

TEST_CASE(
    "instances: sessions that join while children start are spread too; calls go to a ready "
    "child") {
  World w(with([](auto& options) { options.shared = 3; }));
  for (FakeLink* child : w.links.all) child->state = child::ChildState::kStarting;
  w.ready(w.link("child-2"));
  std::vector<std::unique_ptr<Session>> sessions;
  std::map<std::string, int> at;
  for (int i = 0; i < 6; ++i) ++at[sessions.emplace_back(w.join(""))->instance()];
  CHECK(at == std::map<std::string, int>{{"child", 2}, {"child-2", 2}, {"child-3", 2}});
  const auto more = w.join("");
  CHECK(more->instance() == "child");
  FakeLink& ready = w.link("child-2");
  w.instances.request("alice", parsed(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})"),
                      mux::Reply("1", [](auto) {}));
  CHECK(parsed(ready.next()).method() == "tools/call");
}

TEST_CASE("instances: a ready child is preferred to one that has failed, whatever its load") {
  World w(with([](auto& options) { options.shared = 2; }));
  FakeLink& failed = w.link("child");
  failed.state = child::ChildState::kStarting;
  failed.failed_starts = 1;
  w.ready(w.link("child-2"));
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 0; i < 3; ++i) CHECK(sessions.emplace_back(w.join(""))->instance() == "child-2");
  w.ready(failed);
  CHECK(w.join("")->instance() == "child");
}

TEST_CASE(
    "instances: beyond the limit of dedicated children a session shares; the child gets the "
    "reason") {
  World w(with([](auto& options) { options.max_dedicated = 1; }));
  w.ready(w.link("child"));
  const auto first = w.join(kSampling), second = w.join(kSampling, "bob"),
             third = w.join("", "bob");
  CHECK(first->instance() == "own-1");
  CHECK(second->instance() == "child");
  CHECK(w.metrics.refused("own_child").Value() == 1);
  second->call("1");
  third->call("1");
  FakeLink& child = w.link("child");
  child.sent.clear();
  child.say(R"({"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{}})");
  CHECK_THAT(child.next(), Contains("this server is shared by several clients"));
  CHECK(second->heard.empty());
  CHECK(third->heard.empty());
}

TEST_CASE("instances: an owner's dedicated children are limited, others still get theirs") {
  World w(with([](auto& options) { options.max_dedicated_per_owner = 1; }));
  auto first = w.join(kSampling);
  const auto second = w.join(kSampling), other = w.join(kSampling, "bob");
  CHECK(first->instance() == "own-1");
  CHECK(second->instance() == "child");
  CHECK(other->instance() == "own-2");
  first.reset();
  CHECK(w.join(kSampling)->instance() == "own-3");
}

TEST_CASE("instances: dedicated children that are ending are limited too") {
  World w(with([](auto& options) { options.max_dedicated = 1; }));
  w.join(kSampling).reset();
  w.join(kSampling).reset();
  CHECK(w.join(kSampling)->instance() == "child");
  w.end(w.link("own-1"));
  CHECK(w.join(kSampling)->instance() == "own-3");
}

TEST_CASE(
    "instances: an idle session with a dedicated child is ended to make room, at an owner's limit "
    "one of its own") {
  World w(with([](auto& options) {
    options.max_dedicated = 2;
    options.max_dedicated_per_owner = 1;
  }));
  auto alice = w.join(kSampling, "alice"), bob = w.join(kSampling, "bob");
  std::vector<std::string> asked;
  w.instances.set_evict_idle([&](std::string_view owner, mux::Ending) {
    asked.emplace_back(owner);
    if (asked.size() == 1) alice.reset();
    return asked.size() == 1;
  });
  CHECK(w.join(kSampling, "alice")->instance() == "own-3");
  const auto third = w.join(kSampling, "alice");
  CHECK(w.join(kSampling, "carl")->instance() == "child");
  // No owner has more than carl would have, so only his own session could be ended.
  CHECK(asked == std::vector<std::string>{"alice", "carl"});
}

TEST_CASE(
    "instances: at the common limit a session of the owner that has most is ended, none of one "
    "with less") {
  World w(with([](auto& options) {
    options.max_dedicated = 4;
    options.max_dedicated_per_owner = 3;
  }));
  std::map<std::string, std::vector<std::unique_ptr<Session>>> sessions;
  std::vector<std::string> ended;
  w.instances.set_evict_idle([&](std::string_view owner, mux::Ending) {
    auto& all = sessions[std::string(owner)];
    if (all.empty()) return false;
    ended.emplace_back(owner);
    all.erase(all.begin());
    return true;
  });
  for (const char* owner : {"alice", "alice", "alice", "bob"})
    sessions[owner].push_back(w.join(kSampling, owner));
  sessions["carl"].push_back(w.join(kSampling, "carl"));
  CHECK(sessions["carl"].back()->instance() == "own-5");
  CHECK(ended == std::vector<std::string>{"alice"});
  // Now alice has 2, bob and carl 1 each: alice's next one replaces one of her own.
  sessions["alice"].push_back(w.join(kSampling, "alice"));
  CHECK(ended == std::vector<std::string>{"alice", "alice"});
  CHECK(sessions["bob"].size() == 1);
  CHECK(sessions["carl"].size() == 1);
}

TEST_CASE(
    "instances: auto shares if only sessions in use could be ended; isolated ends them, idle ones "
    "first") {
  for (const Sharing sharing : {Sharing::kAuto, Sharing::kIsolated}) {
    mux::InstancesOptions options;
    options.sharing = sharing;
    options.max_dedicated = 2;
    World w(options);
    std::vector<std::unique_ptr<Session>> alice;
    for (int i = 0; i < 2; ++i) alice.push_back(w.join(kSampling, "alice"));
    std::vector<mux::Ending> asked;
    w.instances.set_evict_idle([&](std::string_view owner, mux::Ending which) {
      CHECK(owner == "alice");
      asked.push_back(which);
      if (which != mux::Ending::kAny) return false;
      alice.pop_back();
      return true;
    });
    const auto bob = w.join(kSampling, "bob");
    REQUIRE(bob != nullptr);
    CHECK(bob->instance() == (sharing == Sharing::kAuto ? "child" : "own-3"));
    using enum mux::Ending;
    CHECK(asked == (sharing == Sharing::kAuto ? std::vector{kExpendable}
                                              : std::vector{kExpendable, kIdle, kAny}));
  }
}

TEST_CASE("instances: isolated refuses beyond its limits and names the one that is reached") {
  World w(with([](auto& options) {
    options.sharing = Sharing::kIsolated;
    options.max_dedicated = 2;
    options.max_dedicated_per_owner = 1;
  }));
  const auto alice = w.join("", "alice");
  CHECK(w.join("", "alice") == nullptr);
  CHECK(w.refusal ==
        "no dedicated process for this session: MCP_MAX_INSTANCES_PER_OWNER (1 for one key or "
        "address) is "
        "reached");
  const auto bob = w.join("", "bob");
  CHECK(bob->instance() == "own-2");
  CHECK(w.join("", "carl") == nullptr);
  CHECK(w.refusal == "no dedicated process for this session: MCP_MAX_INSTANCES (2) is reached");
  CHECK(w.metrics.refused("own_child").Value() == 2);
}

TEST_CASE("instances: an owner whose children end slowly leaves room for others") {
  World w(with([](auto& options) { options.max_dedicated = 4; }));
  int made = 0;
  for (; made < 8; ++made) {
    const auto session = w.join(kSampling, "alice");
    if (session->instance() == "child") break;
  }
  CHECK(made == 6);  // of 8 processes, all ending
  CHECK(w.join(kSampling, "bob")->instance() == "own-7");
  w.end(w.link("own-1"));
  CHECK(w.join(kSampling, "alice")->instance() == "own-8");
}

TEST_CASE(
    "instances: a warm child is started in advance, waits for a session's handshake, and is "
    "replaced by another") {
  World w(with([](auto& options) { options.warm = 1; }));
  FakeLink& warm = w.link("own-1");
  CHECK(warm.started);
  warm.come_up();
  CHECK(warm.sent.empty());
  CHECK(w.metrics.dedicated_children.Value() == 0);
  const auto session = w.join(kSampling);
  CHECK(session->instance() == "own-1");
  CHECK(w.ready(warm) == R"({"protocolVersion":"2025-06-18","capabilities":{"sampling":{}}})");
  CHECK(w.link("own-2").started);
  CHECK(w.metrics.dedicated_children.Value() == 1);
}

TEST_CASE("instances: a warm child that is still starting gets the handshake once it runs") {
  World w(with([](auto& options) { options.warm = 1; }));
  const auto session = w.join(kSampling);
  CHECK(w.link("own-1").sent.empty());
  CHECK(w.ready(w.link("own-1")) ==
        R"({"protocolVersion":"2025-06-18","capabilities":{"sampling":{}}})");
}

TEST_CASE("instances: of several warm children the oldest is used first") {
  World w(with([](auto& options) { options.warm = 2; }));
  w.link("own-1").come_up();
  w.link("own-2").come_up();
  const auto first = w.join(kSampling), second = w.join(kSampling);  // own-3 is only starting
  CHECK(first->instance() == "own-1");
  CHECK(second->instance() == "own-2");
}

TEST_CASE(
    "instances: warm children count as dedicated ones, and are started again when there is room") {
  World w(with([](auto& options) {
    options.warm = 2;
    options.max_dedicated = 2;
  }));
  CHECK(w.names() == Names{"child", "own-1", "own-2"});
  auto first = w.join(kSampling), second = w.join(kSampling, "bob");
  CHECK(first->instance() != second->instance());
  CHECK(w.names() == Names{"child", "own-1", "own-2"});
  CHECK(w.join(kSampling, "cy")->instance() == "child");
  const std::string name = first->instance();
  first.reset();
  CHECK(w.names() == Names{"child", "own-1", "own-2"});
  w.end(w.link(name));
  CHECK(w.names().back() == "own-3");
  CHECK(w.link("own-3").started);
  CHECK(w.join(kSampling, "cy")->instance() == "own-3");
}
