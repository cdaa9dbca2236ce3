#include "endpoints/ops/rate_status.hpp"

#include "endpoints/mcp/mcp_requests.hpp"
#include "world.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using test::ask;

namespace {

struct QuietSession : session::Session {
  QuietSession(std::string id, std::shared_ptr<const observe::Caller> caller,
               mux::Instances& instances, Timers& timers)
      : Session("quiet", std::move(id), std::move(caller), instances, timers) {}
  ~QuietSession() override { leave(); }
  void on_message(std::string) override {}
};

}  // namespace

TEST_CASE("rate status: shows the budgets of the caller and of its own sessions only") {
  test::World w;
  access::RateLimits limits({.session = {60, 60s}, .key = {100, 15min}}, w.timers);
  endpoints::RateStatus status(limits, w.sessions);
  const observe::Caller alice{"alice", "192.0.2.1", true, false};
  const observe::Caller bob{"bob", "192.0.2.1", true, false};
  const std::string id =
      w.sessions
          .add(std::make_unique<QuietSession>("the-id", std::make_shared<observe::Caller>(alice),
                                              w.instances, w.timers))
          .id();
  limits.charge({id, "alice", "192.0.2.1"});
  limits.charge({id, "alice", "192.0.2.1"});
  const auto body = [&](const observe::Caller& caller, const std::string& query,
                        Fields fields = {}) {
    const auto outcome =
        ask(status.routes(), "GET", "/rate-limit-status" + query, {}, caller, std::move(fields));
    CHECK(outcome->reply().status == 200);
    CHECK(outcome->field("Cache-Control") == "no-store");
    return outcome->reply().body;
  };
  const std::string of_session =
      R"({"enabled":true,"limits":[{"scope":"session","limit":60,"remaining":58,"reset":2,"window":60},{"scope":"key","limit":100,"remaining":98,"reset":18,"window":900}]})";
  CHECK(body(alice, "?sessionId=the-id") == of_session);
  CHECK(body(alice, "", {{"Mcp-Session-Id", "the-id"}}) == of_session);
  CHECK(
      body(alice, "") ==
      R"({"enabled":true,"limits":[{"scope":"session","limit":60,"remaining":60,"reset":0,"window":60},{"scope":"key","limit":100,"remaining":98,"reset":18,"window":900}]})");
  CHECK(
      body(bob, "?sessionId=the-id") ==
      R"({"enabled":true,"limits":[{"scope":"session","limit":60,"remaining":60,"reset":0,"window":60},{"scope":"key","limit":100,"remaining":100,"reset":0,"window":900}]})");
}

TEST_CASE("rate status: enabled is false without limits") {
  test::World w;
  access::RateLimits limits({}, w.timers);
  endpoints::RateStatus status(limits, w.sessions);
  CHECK(ask(status.routes(), "GET", "/rate-limit-status")->reply().body ==
        R"({"enabled":false,"limits":[]})");
}

TEST_CASE("session id: is read from the place of each path, and from no other path") {
  const auto named = [](std::string path, std::string query = {}, Fields fields = {}) {
    http::Head head;
    head.path = std::move(path);
    head.query = std::move(query);
    head.fields = test::head_fields(fields);
    return endpoints::named_session(head).value_or("none");
  };
  const Fields field = {{"mcp-session-id", "f"}};
  CHECK(named("/message", "sessionId=a", field) == "a");
  CHECK(named("/messages", "x=1&sessionId=a%2Db") == "a-b");
  CHECK(named("/messages/a", "sessionId=b") == "a");
  CHECK(named("/mcp", "sessionId=a", field) == "f");
  CHECK(named("/mcp", "sessionId=a") == "none");
  CHECK(named("/message") == "none");
  CHECK(named("/rate-limit-status", "sessionId=a", field) == "f");
  CHECK(named("/rate-limit-status", "sessionId=a") == "a");
  CHECK(named("/tools", "sessionId=a", field) == "none");
}
