#include "mcp/protocol.hpp"

#include "support/catch.hpp"

using namespace sidecar::mcp;

TEST_CASE("negotiate: grants a known version not newer than the child's, else the child's") {
  CHECK(negotiate("2024-11-05", "2025-06-18") == "2024-11-05");
  CHECK(negotiate("2025-06-18", "2025-06-18") == "2025-06-18");
  CHECK(negotiate("2025-11-25", "2025-06-18") == "2025-06-18");
  CHECK(negotiate("2024-10-07", "2025-06-18") == "2025-06-18");
  CHECK(negotiate("", "2025-06-18") == "2025-06-18");
  CHECK(negotiate("2026-07-28", "2025-11-25") == "2025-11-25");
}

TEST_CASE("resumes_streams: from 2025-11-25 on, and not without a version") {
  CHECK_FALSE(resumes_streams(""));
  CHECK_FALSE(resumes_streams("2025-06-18"));
  CHECK(resumes_streams("2025-11-25"));
}

TEST_CASE("handshake versions: those with initialize, oldest first in texts") {
  CHECK(is_handshake_version("2025-06-18"));
  CHECK_FALSE(is_handshake_version("2026-07-28"));
  CHECK(handshake_versions_text() == "2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25");
}

TEST_CASE("names_notification: by the prefix of the method") {
  CHECK(names_notification(method::kCancelled));
  CHECK(names_notification("notifications/of/a/later/revision"));
  CHECK_FALSE(names_notification(method::kToolsCall));
}
