// MCP 2025-11-25, Transports, Resumability and Redelivery.
#include "endpoints/mcp/event_channel.hpp"
#include "unit/endpoints/streamable_world.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using namespace sidecar::test;

namespace {

std::vector<std::string> ids(const Answered& stream) {
  std::vector<std::string> all;
  for (const Event& event : stream->events) all.push_back(event.id);
  return all;
}

using Ids = std::vector<std::string>;

// Starts a call whose stream has begun; its id is the number of calls so far.
struct Call {
  Call(StreamableWorld& w, const std::string& session, const std::string& id)
      : posted(w.post(
            session,
            R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":"tools/call","params":{"name":"t"}})",
            "text/event-stream")),
        request(w.take()) {}
  Answered posted;
  jsonrpc::Message request;
};

}  // namespace

TEST_CASE("event_id: parses its own text, and nothing else") {
  const auto id = endpoints::EventId::parse(endpoints::EventId{"0badcafe", 7, 12}.text());
  REQUIRE(id);
  CHECK(id->process == "0badcafe");
  CHECK(id->stream == 7);
  CHECK(id->number == 12);
  for (const char* text :
       {"", "-", "7", "7-", "-12", "7-12", "7-12 ", " 7-12", "7-12-1", "0badcafe-7", "0badcafe-7-",
        "0badcafe-7-12-1", "a-1", "1-a", "+1-1", "1--1", "0badcafe-99999999999999999999-1"}) {
    CAPTURE(text);
    CHECK_FALSE(endpoints::EventId::parse(text));
  }
}

TEST_CASE("resumption: a POST's stream resumes where it broke, without messages of other streams") {
  StreamableWorld w;
  const std::string id = w.open();
  Call call(w, id, "1");
  w.link->say(log_text("1"));
  w.link->say(log_text("2"));
  call.posted->leave();
  w.link->say(log_text("3"));
  w.link->say(kChanged);  // for the GET stream
  const auto again = w.get(id, "0badcafe-2-1");
  CHECK(again->first_bytes == "id: 0badcafe-2-1\nretry: 1000\ndata: \n\n");
  CHECK(ids(again) == Ids{"0badcafe-2-2", "0badcafe-2-3"});
  CHECK(again->stream_open);
  w.answer(call.request, "{}");
  CHECK(ids(again) == Ids{"0badcafe-2-2", "0badcafe-2-3", "0badcafe-2-4"});
  CHECK_FALSE(again->stream_open);
  CHECK(ids(w.get(id)) == Ids{"0badcafe-0-1"});
}

TEST_CASE("resumption: the previous connection is closed if it is still open") {
  StreamableWorld w;
  const std::string id = w.open();
  Call call(w, id, "1");
  const auto again = w.get(id, "0badcafe-2-0");
  CHECK_FALSE(call.posted->stream_open);
  w.answer(call.request, "{}");
  CHECK(call.posted->events.empty());
  CHECK(ids(again) == Ids{"0badcafe-2-1"});
}

TEST_CASE("resumption: an ended stream is replayed and closed, and gets 204 after its last event") {
  StreamableWorld w;
  const std::string id = w.open();
  Call call(w, id, "1");
  w.link->say(log_text("1"));
  call.posted->leave();
  w.answer(call.request, "{}");
  for (int i = 0; i < 2; ++i) {
    const auto again = w.get(id, "0badcafe-2-1");
    CHECK(ids(again) == Ids{"0badcafe-2-2"});
    CHECK_FALSE(again->stream_open);
  }
  CHECK(w.get(id, "0badcafe-2-2")->reply().status == 204);
}

TEST_CASE("resumption: the GET stream resumes where it broke") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto listening = w.get(id);
  w.link->say(kChanged);
  w.link->say(kChanged);
  listening->leave(http::SseClosed::kSlowReader);
  CHECK(w.sessions.find(id) != nullptr);
  w.link->say(kChanged);
  CHECK(ids(w.get(id, "0badcafe-0-1")) == Ids{"0badcafe-0-2", "0badcafe-0-3"});
  CHECK(ids(w.get(id, "0badcafe-0-0")) == Ids{"0badcafe-0-1", "0badcafe-0-2", "0badcafe-0-3"});
  const auto current = w.get(id, "0badcafe-0-3");
  CHECK(current->events.empty());
  CHECK(current->stream_open);
}

TEST_CASE("resumption: an unknown or lost event is refused, never skipped") {
  StreamableWorld w({.rings = {.events = 3}});
  const std::string id = w.open(), other = w.open();
  Call call(w, id, "1");
  call.posted->leave();
  for (int i = 0; i < 5; ++i) w.link->say(log_text("1"));
  w.get(id);
  for (const char* event : {"0badcafe-2-0", "0badcafe-2-1", "0badcafe-2-6", "0badcafe-9-1",
                            "0badcafe-0-1", "x", "2", "0badcafe-2-99999999999999999999"}) {
    CAPTURE(event);
    const auto refused = w.get(id, event);
    CHECK(refused->reply().status == 400);
    CHECK(error_of(refused) == "-32000");
  }
  CHECK(w.get(other, "0badcafe-2-2")->reply().status == 400);
  CHECK(ids(w.get(id, "0badcafe-2-2")) == Ids{"0badcafe-2-3", "0badcafe-2-4", "0badcafe-2-5"});
}

TEST_CASE("resumption: a JSON answer has no stream to resume") {
  StreamableWorld w;
  const std::string id = w.open();
  w.post(id, kList);
  w.answer("{}");
  CHECK(w.get(id, "0badcafe-2-0")->reply().status == 400);
}

TEST_CASE("resumption: ended streams are kept for a limited time and up to a number per session") {
  StreamableWorld w({.table = {10, 1h}});
  const std::string id = w.open();
  for (int i = 1; i <= 33; ++i) {
    Call call(w, id, std::to_string(i));
    w.answer(call.request, "{}");
  }
  CHECK(w.get(id, "0badcafe-2-0")->reply().status == 400);
  CHECK(ids(w.get(id, "0badcafe-3-0")) == Ids{"0badcafe-3-1"});
  CHECK(ids(w.get(id, "0badcafe-34-0")) == Ids{"0badcafe-34-1"});
  w.timers.advance(5min);
  CHECK(w.get(id, "0badcafe-34-0")->reply().status == 400);
  CHECK(w.rings.bytes() == 0);
}

TEST_CASE("resumption: a GET that resumes a POST's stream leaves the GET stream alone") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto listening = w.get(id);
  Call call(w, id, "1");
  const auto again = w.get(id, "0badcafe-2-0");
  CHECK(listening->stream_open);
  w.link->say(kChanged);
  CHECK(listening->events.size() == 1);
  CHECK(again->events.empty());
}

TEST_CASE("event_ring: limited by number and bytes, but the newest event is always kept") {
  ManualTimers timers;
  observe::Metrics metrics;
  endpoints::RingBudget budget(timers, {.events = 3, .bytes = 100}, metrics);
  endpoints::EventRing ring(budget, "a");
  for (int i = 0; i < 4; ++i) ring.push("x", true);
  CHECK(ring.events().size() == 3);
  CHECK(ring.holds_after(1));
  CHECK_FALSE(ring.holds_after(0));
  CHECK_FALSE(ring.holds_after(5));
  ring.push(std::string(99, 'x'), true);
  CHECK(ring.events().size() == 2);
  ring.push(std::string(1000, 'x'), true);
  CHECK(ring.events().size() == 1);
  CHECK(ring.holds_after(5));
  CHECK(budget.bytes() == 1000);
  CHECK(metrics.dropped("event_ring").Value() == 0);
}

TEST_CASE(
    "event_ring: beyond the common limit ended rings are emptied first, then the oldest events") {
  ManualTimers timers;
  observe::Metrics metrics;
  endpoints::RingBudget budget(timers, {.bytes = 1000, .all_bytes = 250}, metrics);
  endpoints::EventRing first(budget, "a"), second(budget, "a"), live(budget, "a"),
      other(budget, "a");
  first.push(std::string(100, 'a'), true);
  second.push(std::string(100, 'b'), true);
  second.finish();
  first.finish();
  live.push(std::string(100, 'c'), true);
  CHECK_FALSE(second.holds_after(0));
  CHECK(first.holds_after(0));
  live.push(std::string(100, 'd'), true);
  CHECK_FALSE(first.holds_after(0));
  CHECK(live.holds_after(0));
  other.push(std::string(100, 'e'), false);
  CHECK(other.holds_after(0));
  CHECK_FALSE(live.holds_after(0));
  CHECK(live.holds_after(1));
  CHECK(budget.bytes() == 200);
  CHECK(metrics.dropped("event_ring").Value() == 0);
}

TEST_CASE("event_ring: beyond the common limit the owner whose rings hold most loses events") {
  ManualTimers timers;
  observe::Metrics metrics;
  endpoints::RingBudget budget(timers, {.bytes = 1000, .all_bytes = 500}, metrics);
  endpoints::EventRing ended(budget, "b"), live(budget, "b"), hostile(budget, "a"),
      another(budget, "a");
  ended.push(std::string(50, 'x'), true);
  ended.finish();
  live.push(std::string(50, 'x'), false);
  for (int i = 0; i < 20; ++i) {
    hostile.push(std::string(100, 'x'), false);
    another.push(std::string(100, 'x'), false);
  }
  CHECK(ended.holds_after(0));
  CHECK(live.holds_after(0));
  CHECK(hostile.events().size() + another.events().size() == 4);
  CHECK(budget.bytes() == 500);
}
