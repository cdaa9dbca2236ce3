#include "audit/record.hpp"

#include <set>

#include "unit/audit/world.hpp"

using namespace sidecar;
using namespace sidecar::audit;
using namespace std::chrono_literals;

TEST_CASE("audit record: JSON holds every field") {
  const Record record = test::record(5);
  const std::string line = to_json(record);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(from_json(line).value() == record);
  CHECK_FALSE(from_json(line.substr(0, line.size() - 1)));
  CHECK_FALSE(from_json("{}"));
  CHECK_FALSE(from_json("[]"));
  CHECK_FALSE(from_json(""));
}

TEST_CASE("audit record: a line of a former release has the columns of that release") {
  Record record = test::record(5);
  record.server = "git";
  std::string line = to_json(record);
  const std::string added = R"(,"server":"git"})";
  REQUIRE(line.ends_with(added));
  line.replace(line.size() - added.size(), added.size(), "}");
  record.server = "default";
  CHECK(from_json(line).value() == record);
  line.replace(line.size() - 1, 1, R"(,"server":5})");
  CHECK_FALSE(from_json(line));
}

TEST_CASE("audit record: times have microseconds") {
  CHECK(time_text(0) == "1970-01-01T00:00:00.000000Z");
  CHECK(time_text(1'800'000'000'123'456) == "2027-01-15T08:00:00.123456Z");
  CHECK(time_text(-1) == "1969-12-31T23:59:59.999999Z");
  CHECK(parse_time("2027-01-15T08:00:00.123456Z").value() == 1'800'000'000'123'456);
  CHECK(parse_time("2027-01-15T08:00:00.5").value() == 1'800'000'000'500'000);
  CHECK(parse_time("2027-01-15 08:00").value() == 1'800'000'000'000'000);
  CHECK(parse_time("2027-01-15").value() == 1'799'971'200'000'000);
  for (const auto* wrong :
       {"", "yesterday", "2027-02-31", "2027-01-15T25:00:00Z", "2027-01-15T08:00:00.Z",
        "2027-01-15.5", "2027-13-01", "2027-01-15T08:00:0xZ"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_time(wrong));
  }
}

TEST_CASE("audit record: texts become valid for both databases") {
  CHECK(fit("plain", 10) == "plain");
  CHECK(fit(std::string_view("a\0b", 3), 10) == "a\uFFFDb");
  CHECK(fit("a\xff"
            "b",
            10) == "a\uFFFDb");
  CHECK(fit("\x1b[31m", 10) == "\x1b[31m");
  CHECK(fit("0123456789", 10) == "0123456789");
  CHECK(fit("0123456789a", 10) == "0123456…");
  CHECK(fit("01234ééééé", 10) == "01234é…");
}

TEST_CASE("audit record: ids are unique and ascend with time") {
  const auth::Principal caller{"alice", "192.0.2.1"};
  const observe::CallSource source{"rest", "0123456789abcdef", "", ""};
  std::set<std::string> ids;
  for (int i = 0; i < 1'000; ++i) {
    const observe::CallRecord call{WallTime(1ms * i), caller, source, "m", "", "ok", 5us, 1, 2, ""};
    const Record record = make_record(call, "");
    REQUIRE(record.id.size() == 36);
    CHECK(record.id[14] == '7');
    if (!ids.empty()) CHECK(*ids.rbegin() < record.id);
    ids.insert(record.id);
    CHECK(record.session == "01234567");
  }
  CHECK(ids.size() == 1'000);
}
