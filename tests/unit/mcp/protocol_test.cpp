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

TEST_CASE("serves_version: known revisions, and dates newer than the negotiated one") {
  for (const char* known : {"", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
    CAPTURE(known);
    CHECK(serves_version(known, "2025-06-18"));
    CHECK(serves_version(known, ""));
  }
  CHECK(serves_version("2026-07-28", "2025-11-25"));
  CHECK(serves_version("2099-12-31", ""));
  CHECK(serves_version("2025-07-01", "2025-06-18"));
  CHECK_FALSE(serves_version("2025-07-01", "2025-11-25"));
  CHECK_FALSE(serves_version("2025-07-01", ""));
  CHECK_FALSE(serves_version("2024-10-07", "2024-11-05"));
  for (const char* malformed :
       {"1.0", "2026-7-28", "2026-07-28 ", " 2026-07-28", "2026-07-28x", "2026-13-01", "2026-00-01",
        "2026-07-00", "2026-07-32", "2026/07/28", "20260728", "latest", "9999-99-99"}) {
    CAPTURE(malformed);
    CHECK_FALSE(serves_version(malformed, "2025-06-18"));
    CHECK_FALSE(serves_version(malformed, ""));
  }
}

TEST_CASE("names_notification: by the prefix of the method") {
  CHECK(names_notification(method::kCancelled));
  CHECK(names_notification("notifications/of/a/later/revision"));
  CHECK_FALSE(names_notification(method::kToolsCall));
}
