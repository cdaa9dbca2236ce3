#include "jsonrpc/truncated.hpp"

#include "support/catch.hpp"

using sidecar::jsonrpc::id_of_truncated;

TEST_CASE("truncated: the id is read from the beginning when only scalars stand before it") {
  CHECK(id_of_truncated(R"({"jsonrpc":"2.0","id":17,"result":{"id":3,"text":"aaaa)", "aaaa") ==
        "17");
  CHECK(id_of_truncated(R"( { "id" : "k,}" , "result":)", "") == R"("k,}")");
}

TEST_CASE("truncated: the id is read from the end when only scalars stand behind it") {
  CHECK(id_of_truncated(R"({"result":{"id":3,"text":"aa)", R"(aa"},"jsonrpc":"2.0","id":18})") ==
        "18");
  CHECK(id_of_truncated(R"({"result":{"text":"aa)", R"(aa"},"id":18,"jsonrpc":"2.0"} )") == "18");
}

TEST_CASE("truncated: an id of something nested, or one that may be cut, is not taken") {
  CHECK_FALSE(id_of_truncated(R"({"result":{"id":3,"text":"aa)", R"(aa"}})"));
  CHECK_FALSE(id_of_truncated(R"({"result":[{"id":3},")", R"(aa"],"jsonrpc":"2.0"})"));
  CHECK_FALSE(id_of_truncated(R"({"result":{"a":")", R"(","id":3}})"));
  CHECK_FALSE(id_of_truncated(R"({"jsonrpc":"2.0","id":12)", R"(aaa)"));
  CHECK_FALSE(id_of_truncated("", ""));
  CHECK_FALSE(id_of_truncated("{", "\"id\""));
}

TEST_CASE("truncated: an id beside a member that some reader takes for it is not taken") {
  CHECK_FALSE(
      id_of_truncated(R"({"jsonrpc":"2.0","ID":16,"id":17,"result":{"text":"aaaa)", "aaaa"));
  CHECK_FALSE(id_of_truncated(R"({"id":17,"id\u0000":16,"result":{"text":"aaaa)", "aaaa"));
  CHECK_FALSE(id_of_truncated(R"({"id":17,"\u0069d":16,"result":{"text":"aaaa)", "aaaa"));
  CHECK_FALSE(id_of_truncated(R"({"result":{"text":"aa)", R"(aa"},"id":18,"Id":19})"));
}
