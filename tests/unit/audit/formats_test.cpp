#include "audit/formats.hpp"

#include "unit/audit/world.hpp"

using namespace sidecar;
using namespace sidecar::audit;

TEST_CASE("audit formats: CSV quotes cells with commas, quotes and line ends") {
  Record record = test::record(1);
  record.client = "a,b";
  record.client_version = "say \"hi\"";
  record.arguments = "{\"a\":\"b\"}\r\n";
  record.error = "";
  CHECK(csv_row(record) ==
        "id-000001,2027-01-15T08:00:01.123456Z,bob,192.0.2.1,01234567,\"a,b\",\"say "
        "\"\"hi\"\"\",sse,tools/call,"
        "tool-1,\"{\"\"a\"\":\"\"b\"\"}\r\n\",ok,1001,100,200,,default\r\n");
  CHECK(csv_head() ==
        "id,timestamp,key_name,address,session_id,client_name,client_version,transport,method,tool,"
        "arguments,"
        "outcome,duration_us,request_bytes,response_bytes,error,server\r\n");
}

TEST_CASE("audit formats: texts that look like spreadsheet formulas are defused") {
  Record record = test::record(1);
  record.client = "=HYPERLINK(\"http://x\")";
  record.client_version = "-1";
  CHECK(csv_row(record).find(",\"'=HYPERLINK(\"\"http://x\"\")\",'-1,") != std::string::npos);
}

TEST_CASE("audit formats: JSON is one array, even without records") {
  CHECK(json_end(true) == "[]\n");
  const std::string two =
      json_row(test::record(1), true) + json_row(test::record(2), false) + json_end(false);
  CHECK(two == "[\n" + to_json(test::record(1)) + ",\n" + to_json(test::record(2)) + "\n]\n");
}

TEST_CASE("audit formats: readable lines contain no control characters") {
  Record record = test::record(0);
  record.key = "";
  record.tool = "a\x1b[2Jb\u009bc\nd";
  CHECK(text_row(record) ==
        "2027-01-15T08:00:00.123456Z  -  192.0.2.1  sse  tools/call a?[2Jb?c?d  error  1.0 ms  "
        "it's wrong; "
        "ünïcode\n");
}

TEST_CASE("audit formats: readable lines name the server unless it is the default one") {
  Record record = test::record(1);
  record.server = "git";
  CHECK(text_row(record).find("  sse  git  tools/call tool-1  ") != std::string::npos);
}
