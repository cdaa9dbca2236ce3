// Streamable HTTP over a fake child: sends requests and collects the events that a client gets.
#pragma once

#include <string>
#include <string_view>

#include "endpoints/mcp/streamable_http.hpp"
#include "unit/endpoints/world.hpp"

namespace sidecar::test {

using namespace std::chrono_literals;

using Answered = std::shared_ptr<Outcome>;

inline const std::string kList =
    R"({"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"t"}})";
inline const std::string kLog =
    R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"d"}})";
inline const std::string kChanged =
    R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})";

inline std::string initialize_text(std::string_view version) {
  return R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" +
         std::string(version) + R"(","capabilities":{},"clientInfo":{"name":"c","version":"2"}}})";
}

// A log message with a distinct text.
inline std::string log_text(const std::string& data) {
  return R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":)" +
         data + "}}";
}

inline std::string error_of(const Answered& answered) {
  const std::string& body = answered->reply().body;
  const std::size_t at = body.find(R"("code":)");
  return at == std::string::npos ? "" : body.substr(at + 7, body.find(',', at) - at - 7);
}

struct StreamableWorld : World {
  struct Setup {
    session::TableLimits table = {};
    std::size_t streams_per_address = 0;
    endpoints::RingLimits rings = {};
    std::chrono::milliseconds stream_after{1'000};
    std::string child = "2025-11-25";
    bool stateless = false;
    std::string secret = "the secret of the first process";
    std::string process = "0badcafe";
  };

  StreamableWorld() : StreamableWorld(Setup{}) {}
  explicit StreamableWorld(Setup setup)
      : World(setup.table, setup.streams_per_address, setup.rings),
        ids(auth::Secret({setup.secret}), {"default", setup.process, 24h * 30, [] { return now; }}),
        parts{timers, metrics, rings, ids, {}, setup.stream_after, nullptr, setup.stateless},
        mcp(sessions, instances, streams, parts),
        routes(mcp.routes()) {
    ready(setup.child, R"({"tools":{"listChanged":true},"logging":{}})");
  }
  ~StreamableWorld() { sessions.end_all("the test is over"); }

  Answered send(std::string_view method, std::string body, Fields fields,
                observe::Caller caller = {}) {
    return ask(routes, method, "/mcp", std::move(body), std::move(caller), std::move(fields));
  }
  // A POST in this session; without one if `session` is empty.
  Answered post(const std::string& session, std::string body,
                std::string accept = "application/json, text/event-stream",
                observe::Caller caller = {}) {
    Fields fields = {{"Content-Type", "application/json"}, {"Accept", std::move(accept)}};
    if (!session.empty()) fields.push_back({"Mcp-Session-Id", session});
    return send("POST", std::move(body), std::move(fields), std::move(caller));
  }
  Answered get(const std::string& session, const std::string& last_event = {},
               observe::Caller caller = {}) {
    Fields fields = {{"Accept", "text/event-stream"}, {"Mcp-Session-Id", session}};
    if (!last_event.empty()) fields.push_back({"Last-Event-ID", last_event});
    return send("GET", {}, std::move(fields), std::move(caller));
  }
  Answered end(const std::string& session, observe::Caller caller = {}) {
    return send("DELETE", {}, {{"Mcp-Session-Id", session}}, std::move(caller));
  }
  // Opens a session of this revision.
  std::string open(std::string_view version = "2025-11-25", observe::Caller caller = {}) {
    const auto made =
        post({}, initialize_text(version), "application/json, text/event-stream", caller);
    REQUIRE(made->reply().status == 200);
    const std::string id = made->field("Mcp-Session-Id");
    REQUIRE(id.size() == session::SessionIds::kDigits);
    return id;
  }
  double dropped(std::string_view reason) { return metrics.dropped(reason).Value(); }

  static inline std::chrono::system_clock::time_point now{std::chrono::hours(500'000)};

  session::SessionIds ids;
  endpoints::StreamableParts parts;
  endpoints::StreamableHttp mcp;
  std::vector<http::Route> routes;
};

}  // namespace sidecar::test
