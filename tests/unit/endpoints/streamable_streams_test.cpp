// Routing of messages: responses to POSTs, the GET stream, and the stream of each call.
#include "endpoints/mcp/streamable_session.hpp"
#include "unit/endpoints/streamable_world.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using namespace sidecar::test;

namespace {

const std::string kResult = R"({"jsonrpc":"2.0","id":"a","result":{}})";
const std::string kCancel =
    R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}})";

// A call with a progress token.
const std::string kCounted =
    R"({"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"t","_meta":{"progressToken":"p"}}})";

std::string progress(const jsonrpc::Message& call) {
  return R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":)" +
         std::string(call.envelope.progress_token.in(call.text)) + "}}";
}

}  // namespace

TEST_CASE("post: notifications and answers get 202 without a body") {
  StreamableWorld w;
  const std::string id = w.open();
  for (const char* body : {R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
                           R"({"jsonrpc":"2.0","id":77,"result":{}})",
                           R"({"jsonrpc":"2.0","id":77,"error":{"code":1,"message":"m"}})"}) {
    const auto posted = w.post(id, body);
    CHECK(posted->reply().status == 202);
    CHECK(posted->reply().body.empty());
  }
}

TEST_CASE("post: an answer that comes first and in time is JSON, without the session id") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto posted = w.post(id, kList);
  w.timers.advance(999ms);
  CHECK_FALSE(posted->answered());
  w.answer("{}");
  CHECK(posted->reply().status == 200);
  CHECK(posted->reply().content_type == "application/json");
  CHECK(posted->reply().body == kResult);
  CHECK(posted->field("Mcp-Session-Id").empty());
}

TEST_CASE("post: a late answer is sent on an event stream, which then ends") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto posted = w.post(id, kList);
  w.timers.advance(1s);
  CHECK(posted->stream_open);
  CHECK(posted->first_bytes == "id: 0badcafe-2-0\nretry: 1000\ndata: \n\n");
  w.answer("{}");
  CHECK(posted->events == std::vector<Event>{{"message", kResult, "0badcafe-2-1"}});
  CHECK_FALSE(posted->stream_open);
}

TEST_CASE("post: progress and log messages of a call begin its own stream") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto listening = w.get(id);
  const auto posted = w.post(id, kCounted);
  const jsonrpc::Message call = w.take();
  w.link->say(progress(call));
  w.link->say(kLog);
  w.answer(call, "{}");
  REQUIRE(posted->events.size() == 3);
  CHECK(posted->events[0].data.find(R"("progressToken":"p")") != std::string::npos);
  CHECK(posted->events[1].data == kLog);
  CHECK(posted->events[2] == Event{"message", kResult, "0badcafe-2-3"});
  CHECK(listening->events.empty());
}

TEST_CASE(
    "post: sessions of earlier revisions get no event ids, and a comment instead of a priming "
    "event") {
  for (const char* version : {"2024-11-05", "2025-03-26", "2025-06-18"}) {
    CAPTURE(version);
    StreamableWorld w;
    const std::string id = w.open(version);
    const auto listening = w.get(id);
    CHECK(listening->first_bytes == ": \n\n");
    w.link->say(kChanged);
    CHECK(listening->events == std::vector<Event>{{"message", kChanged}});
    const auto posted = w.post(id, kCounted);
    const jsonrpc::Message call = w.take();
    w.link->say(progress(call));
    CHECK(posted->first_bytes == ": \n\n");
    CHECK(posted->events.at(0).id.empty());
    CHECK(w.get(id, "0badcafe-0-1")->reply().status == 400);
  }
}

TEST_CASE("post: if only JSON is accepted, messages of the call are sent on the GET stream") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto listening = w.get(id);
  const auto posted = w.post(id, kCounted, "application/json");
  const jsonrpc::Message call = w.take();
  w.timers.advance(5s);
  w.link->say(progress(call));
  CHECK_FALSE(posted->answered());
  CHECK(listening->events.size() == 1);
  w.answer(call, "{}");
  CHECK(posted->reply().body == kResult);
}

TEST_CASE("post: if only an event stream is accepted, it begins at once") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto posted = w.post(id, kList, "text/event-stream");
  CHECK(posted->stream_open);
  w.answer("{}");
  CHECK(posted->events.size() == 1);
  CHECK_FALSE(posted->stream_open);
}

TEST_CASE("post: the sidecar's refusals have a status and Retry-After, other errors are 200") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto failed = w.post(id, kList);
  w.answer_error(R"({"code":-32602,"message":"m"})");
  CHECK(failed->reply().status == 200);
  CHECK(error_of(failed) == "-32602");
  for (int i = 0; i < 64; ++i)
    w.post(id, R"({"jsonrpc":"2.0","id":)" + std::to_string(i) +
                   R"(,"method":"tools/call","params":{"name":"t"}})");
  const auto busy = w.post(id, kList);
  CHECK(busy->reply().status == 429);
  CHECK(busy->field("Retry-After") == "1");
  CHECK(busy->reply().body.find(R"("id":"a","error":)") != std::string::npos);
  w.end(id);
  const std::string other = w.open();
  w.instances.refuse_calls("shutting down");
  const auto unavailable = w.post(other, kList);
  CHECK(unavailable->reply().status == 503);
  CHECK(unavailable->field("Retry-After") == "1");
}

TEST_CASE("post: a request with an id in flight is 400, and the first one goes on") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto first = w.post(id, kList);
  for (const char* accept : {"*/*", "application/json"}) {
    const auto second = w.post(id, kList, accept);
    CHECK(second->reply().status == 400);
    CHECK(second->reply().body.find(R"("id":"a","error":{"code":-32600)") != std::string::npos);
  }
  const auto streamed = w.post(id, kList, "text/event-stream");
  CHECK(streamed->events.size() == 1);
  CHECK_FALSE(streamed->stream_open);
  w.answer("{}");
  CHECK(first->reply().body == kResult);
  CHECK(w.post(id, kList)->replies.empty());
}

TEST_CASE("post: a cancelled call ends with 202 before anything was sent, else its stream ends") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto waiting = w.post(id, kList);
  CHECK(w.post(id, kCancel)->reply().status == 202);
  CHECK(waiting->reply().status == 202);
  CHECK(waiting->reply().body.empty());
  const auto streaming = w.post(id, kList);
  w.timers.advance(1s);
  CHECK(streaming->stream_open);
  w.post(id, kCancel);
  CHECK_FALSE(streaming->stream_open);
  CHECK(streaming->events.empty());
}

TEST_CASE("post: a disconnect does not cancel the call; the answer is dropped and counted") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto posted = w.post(id, kList);
  const jsonrpc::Message call = w.take();
  posted->leave();
  CHECK(w.link->sent.empty());
  w.timers.advance(2s);
  w.answer(call, "{}");
  CHECK_FALSE(posted->answered());
  CHECK(w.dropped("answer_to_gone_client") == 1);
  CHECK(w.post(id, kList)->replies.empty());  // accepted: the id is free again
}

TEST_CASE("post: messages of a call whose client has disconnected are sent on the GET stream") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto listening = w.get(id);
  const auto posted = w.post(id, kCounted);
  const jsonrpc::Message call = w.take();
  posted->leave();
  w.link->say(progress(call));
  CHECK(listening->events.size() == 1);
}

TEST_CASE("post: a broken stream of an earlier revision cannot be resumed; its answer is dropped") {
  StreamableWorld w;
  const std::string id = w.open("2025-06-18");
  const auto listening = w.get(id);
  const auto posted = w.post(id, kCounted);
  const jsonrpc::Message call = w.take();
  w.link->say(progress(call));
  posted->leave();
  w.link->say(progress(call));
  CHECK(listening->events.size() == 1);
  w.answer(call, "{}");
  CHECK(listening->events.size() == 1);
  CHECK(w.dropped("answer_to_gone_client") == 1);
}

TEST_CASE("post: when the session ends, pending POSTs get 404, and streams end") {
  StreamableWorld w({.table = {10, 8s}});
  const std::string id = w.open();
  const auto waiting = w.post(id, kList);
  const auto streaming =
      w.post(id, R"({"jsonrpc":"2.0","id":"b","method":"tools/call","params":{"name":"t"}})",
             "text/event-stream");
  w.sessions.end(id, "a test");
  CHECK(waiting->reply().status == 404);
  CHECK(streaming->events.empty());
  CHECK_FALSE(streaming->stream_open);
}

TEST_CASE("post: a batch of 2025-03-26 is answered as one array, as JSON and on a stream") {
  StreamableWorld w;
  const std::string id = w.open("2025-03-26");
  const std::string batch =
      "[" + kList + R"(,{"jsonrpc":"2.0","id":2,"method":"ping"},{"jsonrpc":"2.0","id":3}])";
  const std::string answers =
      R"([)" + kResult +
      R"(,{"jsonrpc":"2.0","id":2,"result":{}},{"jsonrpc":"2.0","id":3,"error":{"code":-32600,)";
  const auto posted = w.post(id, batch);
  CHECK_FALSE(posted->answered());
  w.answer("{}");
  CHECK(posted->reply().status == 200);
  CHECK(posted->reply().body.find(answers) == 0);
  const auto streamed = w.post(id, batch);
  w.timers.advance(1s);
  w.answer("{}");
  CHECK(streamed->events.at(0).data.find(answers) == 0);
  const auto silent = w.post(id, R"([{"jsonrpc":"2.0","method":"notifications/initialized"}])");
  CHECK(silent->reply().status == 202);
  CHECK(error_of(w.post(id, "[]")) == "-32600");
}

TEST_CASE("get: a new stream replaces the old one") {
  StreamableWorld w;
  const std::string id = w.open();
  const auto old = w.get(id);
  CHECK(old->first_bytes == "id: 0badcafe-0-0\nretry: 1000\ndata: \n\n");
  w.link->say(kChanged);
  const auto fresh = w.get(id);
  CHECK_FALSE(old->stream_open);
  CHECK(fresh->stream_open);
  CHECK(fresh->first_bytes == "id: 0badcafe-0-1\nretry: 1000\ndata: \n\n");
  w.link->say(kChanged);
  CHECK(old->events.size() == 1);
  CHECK(fresh->events == std::vector<Event>{{"message", kChanged, "0badcafe-0-2"}});
}

TEST_CASE("get: a message is sent on the GET stream, else on a POST's, else it waits for a GET") {
  StreamableWorld w;
  const std::string id = w.open();
  w.link->say(kChanged);
  const auto posted = w.post(id, kList);
  w.timers.advance(1s);
  CHECK(posted->stream_open);
  w.link->say(kChanged);
  CHECK(posted->events.size() == 1);
  const auto listening = w.get(id);
  REQUIRE(listening->events.size() == 1);  // the kept one
  CHECK(listening->events[0].id == "0badcafe-0-1");
  w.link->say(kChanged);
  CHECK(listening->events.size() == 2);
  CHECK(posted->events.size() == 1);
}

TEST_CASE("get: messages that no GET fetched are limited, and counted as dropped") {
  StreamableWorld w({.rings = {.events = 4}});
  const std::string id = w.open("2025-06-18");
  for (int i = 0; i < 10; ++i) w.link->say(kChanged);
  CHECK(w.dropped("event_ring") == 6);
  w.sessions.end(id, "a test");
  CHECK(w.dropped("event_ring") == 10);
  CHECK(w.rings.bytes() == 0);
}

TEST_CASE("get: a session listens while a stream is open, and for a minute after") {
  StreamableWorld w({.table = {10, 1h}});
  const std::string id = w.open();
  const auto* session = w.sessions.find<endpoints::StreamableSession>(id);
  CHECK(session->listens());
  w.timers.advance(61s);
  CHECK_FALSE(session->listens());
  const auto listening = w.get(id);
  w.timers.advance(5min);
  CHECK(session->listens());
  listening->leave();
  CHECK(session->listens());
  w.timers.advance(61s);
  CHECK_FALSE(session->listens());
  w.post(id, kList, "text/event-stream");
  CHECK(session->listens());
}
