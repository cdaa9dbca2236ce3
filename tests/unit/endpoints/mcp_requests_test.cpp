#include "endpoints/mcp/mcp_requests.hpp"

#include "support/catch.hpp"

using namespace sidecar;

TEST_CASE("mcp requests: of a path the log has no whole session id and no query") {
  const std::string id = "0123456789abcdef0123456789abcdef";
  const std::pair<std::string, std::string> rows[] = {
      {"/mcp", "/mcp"},
      {"/tools/get_x", "/tools/get_x"},
      {"/messages/" + id, "/messages/01234567…"},
      {"/prefix/messages/" + id + "/x", "/prefix/messages/01234567…"},
      {"/messages/" + id + "?key=k", "/messages/01234567…"},
      {"/messages/made-up", "/messages/made-up"},
      {"/messages/", "/messages/"},
      {"/sse?api_key=k", "/sse?***"},
      {"/sse&token=k", "/sse&***"},
      {"/sse;key=k", "/sse;***"},
      {"/sse#key=k", "/sse#***"},
      {"/messages/a?key=k", "/messages/a?***"},
      {"?key=k", "?***"},
  };
  for (const auto& [path, logged] : rows) {
    http::Head head;
    head.path = path;
    CHECK(endpoints::logged_path(head) == logged);
  }
}
