// Readings of tools/list: which callers share one, whose calls fetch the pages, and the limits.
#include "endpoints/rest/list_readings.hpp"

#include <fmt/format.h>

#include "support/principals.hpp"
#include "unit/endpoints/rest_world.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using test::key;
using test::only;

namespace {

// A server that does not announce changes of its list, behind REST.
struct ReadingWorld : test::RestWorld {
  ReadingWorld() { ready(); }

  std::shared_ptr<test::Outcome> get(observe::Caller caller = {}) {
    return RestWorld::get("/tools", std::move(caller));
  }
  void list(const std::string& name) { answer(R"({"tools":[{"name":")" + name + R"("}]})"); }
  void revoke(const std::string& owner) {
    calls.end_calls([&](const auth::Principal& caller) { return caller.owner != owner; });
  }
};

}  // namespace

TEST_CASE("list readings: who asks while the list is being read shares the next reading") {
  ReadingWorld w;
  const auto first = w.get();
  const auto second = w.get();
  const auto third = w.get();
  CHECK(w.link->sent.size() == 1);
  w.list("old");
  CHECK(first->reply().body.find("old") != std::string::npos);
  CHECK_FALSE(second->answered());
  CHECK(w.link->sent.size() == 1);
  w.list("new");
  CHECK(second->reply().body.find("new") != std::string::npos);
  CHECK(third->reply().body == second->reply().body);
  CHECK(w.link->sent.empty());
}

TEST_CASE("list readings: when the key of the one who reads goes, the others read on") {
  ReadingWorld w;
  const auto leader = w.get(key("a"));
  const auto second = w.get(key("b"));
  const auto third = w.get(key("c"));
  const jsonrpc::Message asked = w.take();
  w.revoke("a");
  CHECK(leader->reply().status == 401);
  CHECK_FALSE(second->answered());
  w.answer(asked, R"({"tools":[{"name":"late"}]})");
  CHECK_FALSE(second->answered());
  w.list("t");
  CHECK(second->reply().status == 200);
  CHECK(third->reply().status == 200);
}

TEST_CASE("list readings: who waits for another one's reading ends with the own key") {
  ReadingWorld w;
  const auto leader = w.get(key("a"));
  const auto second = w.get(key("b"));
  w.revoke("b");
  CHECK(second->reply().status == 401);
  CHECK_FALSE(leader->answered());
  w.list("t");
  CHECK(leader->reply().status == 200);
  CHECK(w.link->sent.empty());
}

TEST_CASE("list readings: a failure is told to all who wait for the list") {
  ReadingWorld w;
  const auto first = w.get();
  const auto second = w.get();
  w.answer_error(R"({"code":-32603,"message":"broken"})");
  CHECK(first->reply().status == 500);
  CHECK(second->reply().status == 500);
  CHECK(w.link->sent.empty());
}

TEST_CASE("list readings: of the end of the child each one is told what it may know") {
  ReadingWorld w;
  observe::Caller with_key = key("a");
  with_key.by_stored_key = true;
  const observe::Caller with_token = key("b");
  const auto first = w.get(with_key);
  const auto second = w.get(with_token);
  const auto third = w.get(with_key);
  child::Exit exit;
  exit.reason = "exited with code 1";
  exit.error_line = "Error: of one client";
  w.link->sent.clear();
  for (unsigned failed = 1; failed <= 3; ++failed) {
    exit.failed_starts = failed;
    w.die(exit);
  }
  CHECK(first->reply().body.find("of one client") != std::string::npos);
  CHECK(second->reply().body.find("exited with code 1\"") != std::string::npos);
  CHECK(third->reply().body.find("of one client") != std::string::npos);
}

TEST_CASE("list readings: a limit that a list is beyond holds for callers with the same rules") {
  ReadingWorld w;
  const auto all = w.get();
  const auto page = [](int number) {
    return R"({"tools":[{"name":"t","d":")" + std::string(60'000, 'd') + R"("}],"nextCursor":")" +
           std::to_string(number) + R"("})";
  };
  for (int number = 1; !all->answered(); ++number) w.answer(page(number));
  CHECK(all->reply().status == 500);
  CHECK(all->reply().body.find("is too large: what this caller may see of it has more than 100000 "
                               "bytes; it is asked again after 30 s") != std::string::npos);
  CHECK(w.get()->reply().status == 500);
  const auto restricted = w.get(only({"x"}));
  REQUIRE(w.link->sent.size() == 1);
  w.list("x");
  CHECK(restricted->reply().status == 200);
}

TEST_CASE("list readings: only so many lists are read at a time, the others in their order") {
  ReadingWorld w;
  std::vector<std::shared_ptr<test::Outcome>> readers;
  for (int i = 0; i < 10; ++i) readers.push_back(w.get(only({"t" + std::to_string(i)})));
  CHECK(w.link->sent.size() == endpoints::ListReadings::kMaxAtWork);
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(readers.at(static_cast<std::size_t>(i))->answered());
    w.list("t" + std::to_string(i));
    CHECK(readers.at(static_cast<std::size_t>(i))->reply().status == 200);
  }
}
