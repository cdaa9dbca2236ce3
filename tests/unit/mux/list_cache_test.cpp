#include "mux/features/list_cache.hpp"

#include <fmt/format.h>

#include "support/catch.hpp"
#include "support/messages.hpp"

using namespace sidecar;

namespace {

// The key of a tools/list with these params; empty: without params.
std::optional<std::string> key(const std::string& params, const char* method = "tools/list") {
  const std::string rest = params.empty() ? "" : R"(,"params":)" + params;
  return mux::ListCache::key(
      test::parsed(fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}"{}}})", method, rest)));
}

// Whether a list of so many bytes is kept.
bool keep(mux::ListCache& lists, const std::string& name, std::size_t size) {
  lists.lead_or_wait(name, 1);
  lists.store(name, 1, std::string(size, 'x'));
  lists.leave(name, 1);
  return lists.find(name) != nullptr;
}

}  // namespace

TEST_CASE(
    "list_cache: a list's key is its method and cursor, regardless of trace context and progress "
    "token") {
  const auto plain = key("");
  REQUIRE(plain);
  for (const char* same :
       {"{}", "{ }", R"({"_meta":{}})", R"({"_meta":{"progressToken":7}})",
        R"( { "_meta" : {"progress\u0054oken" : [1, {"b":2}]} } )",
        R"({"_meta":{"traceparent":"a","tracestate":"b","baggage":"c=d"}})",
        R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})",
        R"({"_meta":{"io.modelcontextprotocol/clientInfo":{"name":"a","version":"1"}}})",
        R"({"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}})",
        R"({"_meta":{"io.modelcontextprotocol/logLevel":"info"}})"})
    CHECK(key(same) == plain);
  const auto second = key(R"({"cursor":"2"})");
  REQUIRE(second);
  CHECK(second != plain);
  CHECK(key(R"({ "cursor" : "2" })") == second);
  CHECK(key(R"({"cursor":"2","_meta":{"progressToken":1}})") == second);
  CHECK(key(R"({"_meta":{"progressToken":1},"cursor":"2"})") == second);
  CHECK(key(R"({"cursor":"3"})") != second);
  CHECK(key("", "prompts/list") != plain);
  CHECK(key(R"({"cursor":"2"})", "prompts/list") != second);
}

TEST_CASE("list_cache: cursors are compared by all of their bytes") {
  CHECK(key(R"({"cursor":"a b"})") != key(R"({"cursor":"ab"})"));
  CHECK(key(R"({"cursor":1})") != key(R"({"cursor":"1"})"));
  CHECK(key(R"({"cursor":""})") != key(""));
  CHECK(key(R"({"cursor":null})") != key(""));
}

TEST_CASE("list_cache: a request with anything else in its params has no key") {
  for (const char* other :
       {R"({"cursor":"2","filter":"x"})", R"({"filter":"x"})", R"({"a":{"cursor":"2"}})",
        R"({"_meta":{},"x":1})", R"({"_meta":[]})", "[]", R"(["cursor"])",
        R"({"_meta":{"tenant":"a"}})", R"({"_meta":{"progressToken":1,"tenant":"a"}})",
        R"({"_meta":{"progressToken ":1}})", R"({"_meta":{"example.org/traceparent":"a"}})",
        R"({"_meta":{"io.modelcontextprotocol/tenant":"a"}})", R"({"_meta":{"":1}})"})
    CHECK_FALSE(key(other));
}

TEST_CASE("list_cache: a list is fetched once for all waiting calls, and cached") {
  mux::ListCache lists;
  CHECK(lists.lead_or_wait("tools/list", 1));
  CHECK(lists.lead_or_wait("tools/list", 1));  // it already fetches the list
  CHECK_FALSE(lists.lead_or_wait("tools/list", 2));
  CHECK_FALSE(lists.lead_or_wait("tools/list", 3));
  CHECK(lists.lead_or_wait("tools/list 2", 4));  // another page
  CHECK(lists.find("tools/list") == nullptr);
  lists.store("tools/list", 1, "[1]");
  CHECK(lists.leave("tools/list", 1) == std::vector<mux::WireId>{2, 3});
  REQUIRE(lists.find("tools/list") != nullptr);
  CHECK(*lists.find("tools/list") == "[1]");
  CHECK(lists.leave("tools/list", 1).empty());
}

TEST_CASE(
    "list_cache: a call that leaves while it waits is not served; only the fetching call stores") {
  mux::ListCache lists;
  lists.lead_or_wait("tools/list", 1);
  lists.lead_or_wait("tools/list", 2);
  lists.lead_or_wait("tools/list", 3);
  CHECK(lists.leave("tools/list", 2).empty());
  CHECK(lists.leave("tools/list", 99).empty());
  lists.store("tools/list", 3, "[3]");
  CHECK(lists.find("tools/list") == nullptr);
  CHECK(lists.leave("tools/list", 1) == std::vector<mux::WireId>{3});
}

TEST_CASE("list_cache: a change removes the lists of its capability and no others") {
  mux::ListCache lists;
  for (const char* name : {"tools/list", "tools/list \"2\"", "prompts/list", "toolset/list",
                           "resources/list", "resources/templates/list"}) {
    lists.lead_or_wait(name, 1);
    lists.store(name, 1, "[]");
    lists.leave(name, 1);
  }
  lists.changed("tools");
  CHECK(lists.find("tools/list") == nullptr);
  CHECK(lists.find("tools/list \"2\"") == nullptr);
  CHECK(lists.find("prompts/list") != nullptr);
  CHECK(lists.find("toolset/list") != nullptr);
  lists.changed("resources");
  CHECK(lists.find("resources/list") == nullptr);
  CHECK(lists.find("resources/templates/list") == nullptr);
}

TEST_CASE(
    "list_cache: a list that changes while it is fetched is not cached; a later call fetches it "
    "again") {
  mux::ListCache lists;
  lists.lead_or_wait("tools/list", 1);
  CHECK_FALSE(lists.lead_or_wait("tools/list", 2));
  lists.changed("tools");
  CHECK(lists.lead_or_wait("tools/list", 3));
  lists.store("tools/list", 3, "[3]");  // it may be older than a change that came after it was sent
  CHECK(lists.find("tools/list") == nullptr);
  CHECK(lists.leave("tools/list", 3).empty());
  lists.store("tools/list", 1, "[1]");
  CHECK(lists.find("tools/list") == nullptr);
  CHECK(lists.leave("tools/list", 1) == std::vector<mux::WireId>{2});
  CHECK(lists.lead_or_wait("tools/list", 2));
  lists.store("tools/list", 2, "[2]");
  CHECK(lists.find("tools/list") != nullptr);
}

TEST_CASE(
    "list_cache: beyond its limits the longest unused page with a cursor is removed, first pages "
    "stay") {
  mux::ListCache bytes;
  constexpr std::size_t kThird = mux::ListCache::kMaxBytes / 3 - 100;
  CHECK(keep(bytes, "tools/list", kThird));
  CHECK(keep(bytes, "tools/list 1", kThird));
  CHECK(keep(bytes, "tools/list 2", kThird));
  CHECK(bytes.find("tools/list 1") != nullptr);  // used later than the second
  CHECK(keep(bytes, "tools/list 3", kThird));
  CHECK(bytes.find("tools/list 2") == nullptr);
  CHECK(bytes.find("tools/list 1") != nullptr);
  CHECK(bytes.find("tools/list") != nullptr);
  CHECK_FALSE(keep(bytes, "tools/list 4", mux::ListCache::kMaxBytes - kThird));
  CHECK(bytes.find("tools/list") != nullptr);
  // A first page as large as the whole cache displaces all others.
  CHECK(keep(bytes, "prompts/list", mux::ListCache::kMaxBytes - 100));
  CHECK_FALSE(keep(bytes, "resources/list", mux::ListCache::kMaxBytes));
  bytes.clear();
  CHECK(bytes.find("prompts/list") == nullptr);
  CHECK(keep(bytes, "tools/list", mux::ListCache::kMaxBytes - 100));

  mux::ListCache many;
  REQUIRE(keep(many, "prompts/list", 1));
  for (std::size_t i = 0; i < 2 * mux::ListCache::kMaxLists; ++i)
    REQUIRE(keep(many, fmt::format("tools/list \"{}\"", i), 1));
  CHECK(many.find("prompts/list") != nullptr);
  CHECK(many.find("tools/list \"0\"") == nullptr);
}

TEST_CASE("list_cache: what callers of some rules see is kept with the list, and within bounds") {
  const auto text = [](std::size_t bytes) {
    return std::make_shared<const std::string>(bytes, 'v');
  };
  mux::ListCache lists;
  REQUIRE(keep(lists, "tools/list", 10));
  const mux::KeptText list = lists.find("tools/list");
  lists.keep_view("tools/list", list, "a", text(3));
  lists.keep_view("tools/list", list, "b", list);
  REQUIRE(lists.find_view("tools/list", "a") != nullptr);
  CHECK(*lists.find_view("tools/list", "a") == "vvv");
  CHECK(lists.find_view("tools/list", "b") == list);
  CHECK(lists.find_view("tools/list", "c") == nullptr);
  CHECK(lists.find_view("prompts/list", "a") == nullptr);

  lists.changed("tools");
  CHECK(lists.find_view("tools/list", "a") == nullptr);
  REQUIRE(keep(lists, "tools/list", 10));
  lists.keep_view("tools/list", list, "a", text(3));  // of the list before
  CHECK(lists.find_view("tools/list", "a") == nullptr);

  const mux::KeptText now = lists.find("tools/list");
  constexpr std::size_t kThird = mux::ListCache::kMaxViewBytes / 3;
  for (const char* rules : {"a", "b", "c"}) {
    lists.keep_view("tools/list", now, rules, text(kThird));
    CHECK(lists.find_view("tools/list", rules) != nullptr);
  }
  CHECK(lists.find_view("tools/list", "a") == nullptr);  // the longest unused
  CHECK(lists.find_view("tools/list", "b") != nullptr);
  for (std::size_t i = 0; i < 2 * mux::ListCache::kMaxViews; ++i)
    lists.keep_view("tools/list", now, std::to_string(i), text(1));
  CHECK(lists.find_view("tools/list", "b") == nullptr);
  CHECK(lists.find_view("tools/list", "0") == nullptr);
  lists.keep_view("tools/list", now, "huge", text(mux::ListCache::kMaxViewBytes));
  CHECK(lists.find_view("tools/list", "huge") == nullptr);
}
