// Multiplexer: subscriptions of clients whose permissions are narrowed.
#include "unit/mux/multiplexer_world.hpp"

using namespace sidecar;
using namespace sidecar::test;
using namespace sidecar::test::multiplexer;

namespace {

struct Subscribed : World {
  Subscribed() { ready(); }

  void subscribe(Session& session, const std::string& uri) {
    session.say(R"({"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":")" +
                uri + R"("}})");
    if (const std::string line = link.next(); !line.empty()) child(answer_to(line, "{}"));
    REQUIRE(session.next() == R"({"jsonrpc":"2.0","id":1,"result":{}})");
  }
  void update(const std::string& uri) { child(updated(uri)); }
  static std::string updated(const std::string& uri) {
    return R"({"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":")" +
           uri + R"("}})";
  }
  // The URI of the unsubscribe that the child receives; empty: it receives none.
  std::string unsubscribed() {
    const std::string line = link.next();
    if (line.empty()) return {};
    const jsonrpc::Message asked = parsed(line);
    CHECK(asked.method() == "resources/unsubscribe");
    return jsonrpc::string_value(asked.envelope.uri.in(asked.text)).value_or("none");
  }
};

}  // namespace

TEST_CASE(
    "multiplexer: an update that its subscriber may not receive is dropped, and the subscription "
    "ends") {
  Subscribed w;
  Session a(w.mux), b(w.mux);
  w.subscribe(a, "file:///s");
  w.subscribe(b, "file:///s");
  a.withheld = {"file:///s"};
  w.update("file:///s");
  CHECK(a.received.empty());
  CHECK(b.next() == Subscribed::updated("file:///s"));
  CHECK(w.dropped("update_not_permitted") == 1);
  CHECK(w.unsubscribed().empty());  // the other client still wants it

  a.withheld.clear();
  w.update("file:///s");
  CHECK(a.received.empty());
  CHECK(b.next() == Subscribed::updated("file:///s"));

  b.withheld = {"file:///s"};
  w.update("file:///s");
  CHECK(b.received.empty());
  CHECK(w.unsubscribed() == "file:///s");
}

TEST_CASE(
    "multiplexer: an update of a part goes to the subscriber of the whole if it may receive it") {
  Subscribed w;
  Session a(w.mux);
  w.subscribe(a, "file:///d");
  a.withheld = {"file:///d/x"};
  w.update("file:///d/x");
  CHECK(a.received.empty());
  CHECK(w.dropped("update_not_permitted") == 1);
  w.update("file:///d/y");
  CHECK(a.next() == Subscribed::updated("file:///d/y"));
  CHECK(w.unsubscribed().empty());
}

TEST_CASE(
    "multiplexer: after a change of permissions, subscriptions that are not permitted are "
    "released") {
  Subscribed w;
  Session a(w.mux), b(w.mux);
  for (const char* uri : {"file:///1", "file:///2", "file:///3"}) w.subscribe(a, uri);
  w.subscribe(b, "file:///2");
  a.withheld = {"file:///1", "file:///2"};
  w.mux.permissions_changed();
  w.timers.advance({});
  w.timers.advance({});
  CHECK(w.unsubscribed() == "file:///1");
  CHECK(w.unsubscribed().empty());
  a.received.clear();
  b.received.clear();
  for (const char* uri : {"file:///2", "file:///3"}) w.update(uri);
  CHECK(a.received == Lines{Subscribed::updated("file:///3")});
  CHECK(b.received == Lines{Subscribed::updated("file:///2")});
}

TEST_CASE("multiplexer: a client that leaves before its subscriptions are reviewed gives them up") {
  Subscribed w;
  Session a(w.mux), b(w.mux);
  w.subscribe(a, "file:///a");
  w.subscribe(b, "file:///b");
  a.withheld = b.withheld = {"file:///a", "file:///b"};
  w.mux.permissions_changed();
  a.leave();
  CHECK(w.unsubscribed() == "file:///a");
  w.timers.advance({});
  w.timers.advance({});
  CHECK(w.unsubscribed() == "file:///b");
  CHECK(w.unsubscribed().empty());
}
