#include "endpoints/ops/dashboard.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include "observe/log_tail.hpp"
#include "unit/endpoints/world.hpp"

using namespace sidecar;
using namespace sidecar::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const observe::Caller kAdmin{"root", "192.0.2.1", true, false, true};

struct DashboardWorld : World {
  explicit DashboardWorld(bool keys = false, std::size_t children = 1)
      : World({}, 0, {}, shared_children(children)),
        gate({access::Keys(keys ? std::vector{root()} : std::vector<access::StoredKey>{}), keys},
             {}, access::Origins(access::OriginRules{{"*"}}),
             {access::AddressSet::parse({"127.0.0.0/8"}).value(),
              access::AddressSet::parse({"*"}).value()},
             rates, refusals, metrics) {}

  static access::StoredKey root() {
    auth::Permissions admin;
    admin.admin = true;
    return {"root", access::hash_of("secret"), {}, std::make_shared<auth::Permissions>(admin)};
  }

  std::shared_ptr<Outcome> get(std::string_view target, observe::Caller caller = kAdmin) {
    return ask(dashboard.routes(), "GET", target, {}, std::move(caller));
  }
  std::shared_ptr<Outcome> open(observe::Caller caller = kAdmin) {
    return get("/dashboard/events", std::move(caller));
  }
  void call(std::string_view subject, std::string_view outcome = "ok",
            Clock::duration took = 1500us) {
    const observe::Caller caller{"alice", "192.0.2.7", true};
    const observe::CallSource source{"rest", "0123456789abcdef", "n8n", "1.2"};
    const observe::CallRecord record{std::chrono::system_clock::time_point(1'700'000'000s),
                                     caller,
                                     source,
                                     "tools/call",
                                     subject,
                                     outcome,
                                     took,
                                     100,
                                     80,
                                     {}};
    calls.on_call_end(record, {});
    metrics.call_seconds.Observe(std::chrono::duration<double>(took).count());
  }

  observe::Log tailed{
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::null_sink_st>()),
      observe::LogFormat::kText, nullptr,
      std::make_shared<observe::LogTail>(observe::LogFormat::kText)};
  observe::RecentCalls calls;
  access::RateLimits rates{{}, timers};
  access::Gate gate;
  endpoints::Dashboard dashboard{{instances, sessions, calls, tailed, metrics, gate},
                                 timers,
                                 {"node dist/index.js", "https://mcp.example", {}}};
};

// The data of the last event, which is a tick.
json last_tick(const std::shared_ptr<Outcome>& reader) {
  REQUIRE_FALSE(reader->events.empty());
  REQUIRE(reader->events.back().name == "tick");
  return json::parse(reader->events.back().data);
}

std::vector<std::string> all(const json& list, const char* member) {
  std::vector<std::string> values;
  for (const json& each : list) values.push_back(each[member]);
  return values;
}

}  // namespace

TEST_CASE("dashboard: calls, log and events are for administrators") {
  DashboardWorld w(true);
  for (const http::Route& route : w.dashboard.routes()) {
    INFO(route.path);
    CHECK(route.rules.access == Access::kAdmin);
    CHECK(route.rules.action == "see calls and logs");
  }
}

TEST_CASE(
    "dashboard: a reader gets hello and the kept past, then new calls and lines every second") {
  DashboardWorld w;
  w.call("before");
  w.tailed.warn("an old line");
  const auto reader = w.open();
  REQUIRE(reader->events.size() == 2);
  CHECK(reader->events[0].name == "hello");
  const json hello = json::parse(reader->events[0].data);
  CHECK(hello["version"] == SIDECAR_VERSION);
  CHECK(hello["command"] == "node dist/index.js");
  CHECK(hello["publicUrl"] == "https://mcp.example");
  CHECK(hello["authEnabled"] == false);
  CHECK(hello["latencyBounds"].size() == 16);
  json tick = last_tick(reader);
  CHECK(tick["recent"] ==
        json::parse(R"([{"time":"2023-11-14T22:13:20.000Z","method":"tools/call","subject":"before",
    "outcome":"ok","ms":1.5,"session":"01234567","key":"alice","address":"192.0.2.7","transport":"rest",
    "client":"n8n 1.2","error":"","requestBytes":100,"answerBytes":80,
    "server":"default"}])"));
  CHECK(tick["log"][0]["level"] == "warning");
  CHECK(tick["log"][0]["text"] == "an old line");
  CHECK(tick["recentLeftOut"] == 0);
  CHECK(tick["calls"] == json{{"ok", 1}});
  CHECK(tick["latency"].size() == 17);
  CHECK(tick["latency"][1] == 1);
  CHECK(tick["uptime"] == 0);

  w.call("after", "timeout", 400s);
  w.tailed.info("a new line");
  w.metrics.refused("wrong_key").Increment();
  w.timers.advance(1s);
  REQUIRE(reader->events.size() == 3);
  tick = last_tick(reader);
  CHECK(all(tick["recent"], "subject") == std::vector<std::string>{"after"});
  CHECK(all(tick["log"], "text") == std::vector<std::string>{"a new line"});
  CHECK(tick["calls"] == json{{"ok", 1}, {"timeout", 1}});
  CHECK(tick["latency"][16] == 1);
  CHECK(tick["refusals"] == json{{"wrong_key", 1}});
  CHECK(tick["uptime"] == 1);
  w.timers.advance(1s);
  tick = last_tick(reader);
  CHECK(tick["recent"].empty());
  CHECK(tick["log"].empty());
}

TEST_CASE("dashboard: a reader that connects between two ticks gets each call once") {
  DashboardWorld w;
  const auto first = w.open();
  w.call("one");
  w.timers.advance(1s);
  w.call("two");
  const auto second = w.open();
  CHECK(all(last_tick(second)["recent"], "subject") == std::vector<std::string>{"one"});
  w.timers.advance(1s);
  CHECK(all(last_tick(second)["recent"], "subject") == std::vector<std::string>{"two"});
  CHECK(all(last_tick(first)["recent"], "subject") == std::vector<std::string>{"two"});
}

TEST_CASE("dashboard: a tick is limited to the newest calls and lines, and counts the others") {
  DashboardWorld w;
  for (int i = 0; i < 60; ++i) w.call("past " + std::to_string(i));
  const auto reader = w.open();
  json tick = last_tick(reader);
  CHECK(tick["recent"].size() == 50);
  CHECK(tick["recent"][0]["subject"] == "past 10");
  CHECK(tick["recentLeftOut"] == 0);
  for (int i = 0; i < 1000; ++i) {
    w.call(std::to_string(i));
    w.tailed.info("line", {{"n", i}});
  }
  w.timers.advance(1s);
  tick = last_tick(reader);
  CHECK(tick["recent"].size() == 50);
  CHECK(tick["recent"][49]["subject"] == "999");
  CHECK(tick["recentLeftOut"] == 950);
  CHECK(tick["log"].size() == 100);
  CHECK(tick["log"][0]["text"] == "line n=900");
  CHECK(tick["logLeftOut"] == 900);
}

TEST_CASE("dashboard: the timer stops without readers, and starts again with the next one") {
  DashboardWorld w;
  CHECK(w.timers.waiting() == 0);
  const auto reader = w.open();
  CHECK(w.timers.waiting() == 1);
  CHECK(w.metrics.dashboard_readers.Value() == 1);
  reader->leave();
  CHECK_FALSE(reader->stream_open);
  CHECK(w.metrics.dashboard_readers.Value() == 0);
  w.timers.advance(1s);
  CHECK(w.timers.waiting() == 0);
  w.call("meanwhile");
  const auto again = w.open();
  CHECK(w.timers.waiting() == 1);
  CHECK(all(last_tick(again)["recent"], "subject") == std::vector<std::string>{"meanwhile"});
  w.timers.advance(1s);
  CHECK(last_tick(again)["recent"].empty());
}

TEST_CASE("dashboard: one timer serves all readers, and one reader too many gets 503") {
  DashboardWorld w;
  std::vector<std::shared_ptr<Outcome>> readers;
  for (std::size_t i = 0; i < endpoints::Dashboard::kMaxReaders; ++i) readers.push_back(w.open());
  CHECK(w.timers.waiting() == 1);
  const auto refused = w.open();
  CHECK(refused->reply().status == 503);
  CHECK(refused->field("Retry-After") == "5");
  CHECK(w.metrics.refused("dashboard_readers").Value() == 1);
  w.timers.advance(1s);
  for (const auto& reader : readers) CHECK(reader->events.size() == 3);
  CHECK(readers.front()->events.back() == readers.back()->events.back());
  readers[3]->leave(http::SseClosed::kSlowReader);
  CHECK(w.open()->streamed);
}

TEST_CASE(
    "dashboard: when all places are taken, the oldest reader of the key that has most is closed") {
  DashboardWorld w;
  const auto admin = [](const std::string& key) {
    return observe::Caller{key, "192.0.2.7", true, false, true};
  };
  std::vector<std::shared_ptr<Outcome>> readers;
  for (std::size_t i = 0; i < endpoints::Dashboard::kMaxReaders; ++i)
    readers.push_back(w.open(admin("alice")));
  const auto other = w.open(admin("bob"));
  CHECK(other->streamed);
  CHECK_FALSE(readers[0]->stream_open);
  CHECK(readers[1]->stream_open);
  const auto refused = w.open(admin("alice"));
  CHECK(refused->reply().status == 503);
  CHECK(refused->reply().body.find("your key holds 15 of 16 dashboards") != std::string::npos);
  CHECK(other->stream_open);
}

TEST_CASE("dashboard: a slow reader misses ticks, other readers do not") {
  DashboardWorld w;
  const auto slow = w.open(), quick = w.open();
  slow->queued = endpoints::Dashboard::kBehind;
  w.timers.advance(1s);
  CHECK(slow->events.size() == 2);
  CHECK(quick->events.size() == 3);
  CHECK(w.metrics.dropped_ticks.Value() == 1);
  slow->queued = 0;
  w.timers.advance(1s);
  CHECK(slow->events.size() == 3);
}

TEST_CASE("dashboard: the stream of a revoked key ends at the next tick") {
  DashboardWorld w(true);
  observe::Caller root = kAdmin;
  root.by_stored_key = true;
  const auto reader = w.open(root);
  w.timers.advance(1s);
  CHECK(reader->stream_open);
  w.gate.set_keys(access::Keys({}));
  w.timers.advance(1s);
  CHECK_FALSE(reader->stream_open);
  CHECK(w.metrics.dashboard_readers.Value() == 0);
  CHECK(w.timers.waiting() == 0);
}

TEST_CASE("dashboard: the stream of an expired access token ends at the next tick, others go on") {
  DashboardWorld w(true);
  observe::Caller bearer = kAdmin;
  bearer.expires = std::chrono::system_clock::now() + 1h;
  const auto good = w.open(bearer);
  bearer.expires = std::chrono::system_clock::now();
  const auto expired = w.open(bearer);
  w.timers.advance(1s);
  CHECK_FALSE(expired->stream_open);
  CHECK(expired->events.size() == 2);
  CHECK(good->stream_open);
  CHECK(good->events.size() == 3);
  CHECK(w.metrics.dashboard_readers.Value() == 1);
}

TEST_CASE("dashboard: a tick has every child, before its handshake too") {
  DashboardWorld w(false, 2);
  const auto reader = w.open();
  json tick = last_tick(reader);
  CHECK(tick["serverInfo"].is_null());
  CHECK(tick["protocolVersion"].is_null());
  REQUIRE(tick["children"].size() == 2);
  CHECK(tick["children"][0]["name"] == "child");
  CHECK(tick["children"][0]["own"] == false);
  CHECK(tick["children"][0]["state"] == "starting");
  CHECK(tick["children"][0]["problem"] ==
        "the MCP server is starting: it has not answered initialize yet (MCP_HANDSHAKE_TIMEOUT)");
  CHECK(tick["children"][0]["pid"].is_null());
  CHECK(tick["children"][0]["lastExit"].is_null());
  CHECK(tick["children"][0]["stderr"].empty());
  CHECK(tick["childrenLeftOut"] == 0);
}

TEST_CASE("dashboard: the child's identity, exit reason and stderr are valid UTF-8 and truncated") {
  DashboardWorld w;
  w.ready();
  const auto reader = w.open();
  CHECK(last_tick(reader)["serverInfo"] == json{{"name", "s"}, {"version", "1"}});
  CHECK(last_tick(reader)["protocolVersion"] == "2025-06-18");
  CHECK(last_tick(reader)["children"][0]["problem"].is_null());
  child::Exit exit;
  exit.reason = "exited with code 1";
  exit.stderr_tail = {"first", "last \xff\n\"word\""};
  w.link->last_exit = exit;
  w.die(exit);
  w.timers.advance(1s);
  CHECK(reader->events.back().data.find('\n') == std::string::npos);
  json tick = last_tick(reader);
  CHECK(tick["children"][0]["lastExit"] == "exited with code 1");
  CHECK(tick["children"][0]["stderr"] == json{"first", "last \xef\xbf\xbd\n\"word\""});
  CHECK_FALSE(tick["children"][0]["problem"].is_null());
  CHECK(tick["serverInfo"]["name"] == "s");

  w.link->last_exit->stderr_tail.assign(64, std::string(8 << 10, 'x'));
  w.link->last_exit->reason.assign(10'000, 'y');
  w.timers.advance(1s);
  tick = last_tick(reader);
  CHECK(tick["children"][0]["stderr"].size() == 64);
  CHECK(tick["children"][0]["stderr"][0].get<std::string>().size() == 500);
  CHECK(tick["children"][0]["lastExit"].get<std::string>().size() == 500);
}

TEST_CASE("dashboard: a tick lists at most kMaxChildren children and counts the others") {
  DashboardWorld w(false, 70);
  const json tick = last_tick(w.open());
  CHECK(tick["children"].size() == endpoints::Dashboard::kMaxChildren);
  CHECK(tick["childrenLeftOut"] == 70 - endpoints::Dashboard::kMaxChildren);
}

TEST_CASE("dashboard: calls that wait for the child are counted as queued") {
  DashboardWorld w;
  for (int i = 0; i < 3; ++i) {
    w.instances.request(
        "alice", parsed(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}})"),
        mux::Reply("1", [](const mux::Answer&) {}));
  }
  json tick = last_tick(w.open());
  CHECK(tick["inFlight"] == 3);
  CHECK(tick["queued"] == 3);
  w.ready();
  tick = last_tick(w.open());
  CHECK(tick["inFlight"] == 3);
  CHECK(tick["queued"] == 0);
}

TEST_CASE(
    "dashboard: GET /calls is newest first, GET /logs oldest first, each limited by ?limit=") {
  DashboardWorld w;
  for (int i = 0; i < 120; ++i) {
    w.call(std::to_string(i));
    w.tailed.info(std::to_string(i));
  }
  json calls = json::parse(w.get("/calls")->reply().body)["calls"];
  CHECK(calls.size() == 50);
  CHECK(calls[0]["subject"] == "119");
  CHECK(json::parse(w.get("/calls?limit=1000000")->reply().body)["calls"].size() == 120);
  CHECK(all(json::parse(w.get("/calls?limit=2")->reply().body)["calls"], "subject") ==
        std::vector<std::string>{"119", "118"});
  json lines = json::parse(w.get("/logs")->reply().body)["lines"];
  CHECK(lines.size() == 100);
  CHECK(lines[0]["text"] == "20");
  CHECK(all(json::parse(w.get("/logs?limit=2")->reply().body)["lines"], "text") ==
        std::vector<std::string>{"118", "119"});
  CHECK(w.get("/logs")->field("Cache-Control") == "no-store");
  for (const char* limit : {"0", "-1", "x", "", "1.5", "99999999999999999999999"}) {
    INFO(limit);
    CHECK(w.get("/calls?limit=" + std::string(limit))->reply().status == 400);
    CHECK(w.get("/logs?limit=" + std::string(limit))->reply().status == 400);
  }
}

TEST_CASE("dashboard: without a log tail there are no log lines") {
  DashboardWorld w;
  const observe::Log silent = observe::make_null_log();
  endpoints::Dashboard dashboard{
      {w.instances, w.sessions, w.calls, silent, w.metrics, w.gate}, w.timers, {}};
  CHECK(json::parse(ask(dashboard.routes(), "GET", "/logs", {}, kAdmin)->reply().body)["lines"]
            .empty());
  CHECK(last_tick(ask(dashboard.routes(), "GET", "/dashboard/events", {}, kAdmin))["log"].empty());
}
