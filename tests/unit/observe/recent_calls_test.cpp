#include "observe/recent_calls.hpp"

#include "support/catch.hpp"

using namespace sidecar;
using namespace std::chrono_literals;

namespace {

struct World {
  void call(std::string_view subject, std::string_view outcome = "ok",
            std::string_view error = {}) {
    sink.on_call_end(
        {began, caller, source, "tools/call", subject, outcome, 1500us, 100, 80, error}, {});
  }

  const std::chrono::system_clock::time_point began{std::chrono::seconds(1'700'000'000)};
  auth::Principal caller{"alice", "192.0.2.7", true};
  observe::CallSource source{"rest", "0123456789abcdef", "n8n", "1.2"};
  observe::RecentCalls sink;
};

}  // namespace

TEST_CASE("recent calls: every field of a call is kept") {
  World w;
  w.call("echo", "tool_error", "it failed");
  REQUIRE(w.sink.count() == 1);
  const auto& call = w.sink.at(0);
  CHECK(call.began == w.began);
  CHECK(call.took == 1500us);
  CHECK(call.method == "tools/call");
  CHECK(call.subject == "echo");
  CHECK(call.outcome == "tool_error");
  CHECK(call.error == "it failed");
  CHECK(call.session == "01234567");
  CHECK(call.server == "default");
  CHECK(call.key == "alice");
  CHECK(call.address == "192.0.2.7");
  CHECK(call.transport == "rest");
  CHECK(call.client == "n8n 1.2");
  CHECK(call.request_bytes == 100);
  CHECK(call.answer_bytes == 80);
}

TEST_CASE("recent calls: a call that overwrites the oldest holds none of its texts") {
  World w;
  w.source = {"sse", "the-session", "a long name of a client", "1.2.3"};
  for (std::size_t i = 0; i < observe::RecentCalls::kKept; ++i)
    w.call("tool " + std::to_string(i), "error", "why");
  CHECK(w.sink.oldest() == 0);
  CHECK(w.sink.at(0).subject == "tool 0");
  w.source = {"rest", {}, {}, {}};
  w.caller = {};
  w.call("last");
  CHECK(w.sink.oldest() == 1);
  CHECK(w.sink.count() == observe::RecentCalls::kKept + 1);
  CHECK(w.sink.at(1).subject == "tool 1");
  const auto& last = w.sink.at(w.sink.count() - 1);
  CHECK(last.subject == "last");
  CHECK(last.transport == "rest");
  for (const std::string* text :
       {&last.error, &last.session, &last.key, &last.address, &last.client})
    CHECK(text->empty());
}

TEST_CASE("recent calls: long texts are truncated") {
  World w;
  const std::string endless(100'000, 'x');
  w.caller.owner = w.source.client_name = w.source.client_version = endless;
  w.call(endless, "error", endless);
  const auto& call = w.sink.at(0);
  CHECK(call.subject.size() == observe::RecentCalls::kMaxWord);
  CHECK(call.key.size() == observe::RecentCalls::kMaxWord);
  CHECK(call.client.size() == 2 * observe::RecentCalls::kMaxWord + 1);
  CHECK(call.error.size() == observe::RecentCalls::kMaxError);
}

TEST_CASE("recent calls: outcomes include calls that have been overwritten") {
  World w;
  for (int i = 0; i < 1000; ++i) w.call("a");
  w.call("b", "timeout");
  CHECK(w.sink.outcomes() == observe::RecentCalls::Outcomes{{"ok", 1000}, {"timeout", 1}});
}
