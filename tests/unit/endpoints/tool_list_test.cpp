// Tool lists and their documents, cached and made in slices.
#include "endpoints/rest/tool_list.hpp"

#include <fmt/format.h>

#include "support/principals.hpp"
#include "unit/endpoints/rest_world.hpp"

using namespace sidecar;
using test::only;

namespace {

// A server that announces changes of its list, behind all REST endpoints.
struct ListWorld : test::RestWorld {
  ListWorld() : RestWorld(100 << 20) { ready("2025-06-18", R"({"tools":{"listChanged":true}})"); }

  // Answers with a list of `tools` tools, each with a description of `bytes` bytes.
  void list(std::size_t tools, std::size_t bytes = 10) {
    std::string all;
    for (std::size_t i = 0; i < tools; ++i)
      all += fmt::format(R"({}{{"name":"t{}","description":"{}"}})", i == 0 ? "" : ",", i,
                         std::string(bytes, 'd'));
    answer(R"({"tools":[)" + all + "]}");
  }
  void changed() { link->say(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})"); }
  // Runs the loop until `outcome` has its answer; returns the number of turns.
  std::size_t turns(const std::shared_ptr<test::Outcome>& outcome) {
    std::size_t count = 0;
    for (; !outcome->answered() && count < 10'000; ++count) timers.turn();
    return count;
  }
};

constexpr const char* kPaths[] = {"/tools", "/openapi.json", "/openai/functions", "/vapi/functions",
                                  "/tools/t1"};

}  // namespace

TEST_CASE("tool list: a small list is answered in the turn that asks") {
  ListWorld w;
  for (const char* path : kPaths) {
    const auto answer = w.get(path);
    if (!w.link->sent.empty()) w.list(3);
    CHECK(answer->reply().status == 200);
  }
  CHECK(w.link->sent.empty());
}

TEST_CASE("tool list: a huge list is read, and its documents are made, in slices of the loop") {
  ListWorld w;
  const auto first = w.get("/openapi.json");
  w.list(1000, 4000);
  const auto other = w.get("/tools/t1");
  CHECK_FALSE(first->answered());
  CHECK(w.turns(first) >= 2 * 1000 * 4000 / Slices::kSlice);
  CHECK(first->reply().status == 200);
  CHECK(other->reply().status == 200);
  for (const char* path : {"/tools", "/openai/functions", "/vapi/functions"}) {
    INFO(path);
    CHECK(w.turns(w.get(path)) >= 1000 * 4000 / Slices::kSlice);
  }
  CHECK(w.link->sent.empty());
}

TEST_CASE("tool list: a document is made once for all who ask, by whatever URL they came") {
  ListWorld w;
  const auto first = w.get("/openapi.json");
  w.list(1000, 4000);
  const auto second = w.get("/openapi.json");
  CHECK_FALSE(second->answered());
  w.turns(first);
  w.turns(second);
  CHECK(second->reply().body == first->reply().body);
  const auto third = w.get("/openapi.json", {}, {{"Host", "elsewhere"}});
  CHECK(third->reply().body.find(R"("servers":[{"url":"http://elsewhere"}])") != std::string::npos);
  CHECK(third->field("ETag") != first->field("ETag"));
  CHECK(w.link->sent.empty());
}

TEST_CASE("tool list: a change of the list drops what was made of it") {
  ListWorld w;
  const auto before = w.get("/tools");
  w.list(1);
  w.changed();
  const auto after = w.get("/tools");
  CHECK_FALSE(after->answered());
  w.list(2);
  CHECK(after->reply().body != before->reply().body);
  CHECK(after->field("ETag") != before->field("ETag"));
}

TEST_CASE("tool list: a list that did not change by its change keeps its documents") {
  ListWorld w;
  const auto first = w.get("/openai/functions");
  w.list(1000, 4000);
  w.turns(first);
  w.changed();
  const auto again = w.get("/openai/functions");
  w.list(1000, 4000);
  CHECK(again->reply().body == first->reply().body);
}

TEST_CASE("tool list: callers with other permissions have documents of their own") {
  ListWorld w;
  const auto all = w.get("/tools");
  w.list(3);
  CHECK(w.get("/tools", only({"t1"}))->reply().body ==
        R"({"success":true,"tools":[{"name":"t1","description":"dddddddddd"}]})");
  CHECK(w.get("/tools", only({"t2"}))->reply().body != w.get("/tools", only({"t1"}))->reply().body);
  CHECK(w.get("/tools")->reply().body == all->reply().body);
  CHECK(w.get("/openapi.json", only({"t1"}))->reply().body.find("t2") == std::string::npos);
}

TEST_CASE("tool list: who waits for a list that cannot be read gets the reason") {
  ListWorld w;
  const auto first = w.get("/tools");
  w.answer(R"({"tools":[{"name":"a"}],"nextCursor":"2"})");
  const auto second = w.get("/openai/functions");
  CHECK_FALSE(second->answered());
  w.answer_error(R"({"code":-32603,"message":"no second page"})");
  CHECK(first->reply().status == 500);
  CHECK(second->reply().status == 500);
  const auto third = w.get("/tools");
  w.answer(R"({"tools":[{"name":"b"}]})");
  CHECK(third->reply().status == 200);
}

TEST_CASE("tool list: a server that does not say when its list changes is asked each time") {
  ListWorld w;
  w.die();
  w.ready();
  const auto first = w.get("/openapi.json");
  w.list(1000, 4000);
  w.turns(first);
  const auto same = w.get("/openapi.json");
  CHECK_FALSE(same->answered());
  w.list(1000, 4000);
  CHECK(same->reply().body == first->reply().body);
  const auto other = w.get("/openapi.json");
  w.list(2);
  w.turns(other);
  CHECK(other->reply().body != first->reply().body);
}
