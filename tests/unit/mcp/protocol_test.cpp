#include "mcp/protocol.hpp"

#include "support/catch.hpp"

using sidecar::mcp::negotiate;

TEST_CASE(
    "negotiate: a known version not newer than the child's is granted, else the child's own is "
    "told") {
  CHECK(negotiate("2024-11-05", "2025-06-18") == "2024-11-05");
  CHECK(negotiate("2025-06-18", "2025-06-18") == "2025-06-18");
  CHECK(negotiate("2025-11-25", "2025-06-18") == "2025-06-18");
  CHECK(negotiate("2024-10-07", "2025-06-18") == "2025-06-18");
  CHECK(negotiate("", "2025-06-18") == "2025-06-18");
  CHECK(negotiate("2026-07-28", "2025-11-25") == "2025-11-25");
}
