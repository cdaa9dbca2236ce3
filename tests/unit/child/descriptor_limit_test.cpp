#include "child/descriptor_limit.hpp"

#include <sys/resource.h>

#include "support/catch.hpp"

using namespace sidecar::child;

TEST_CASE("descriptor limit: 64 descriptors are reserved, more for more children than by default") {
  CHECK(reserved_descriptors(0) == 64);
  CHECK(reserved_descriptors(10) == 64);
  CHECK(reserved_descriptors(100) == 424);
}

TEST_CASE(
    "descriptor limit: of a low limit half is reserved at most, and a limit that changes is "
    "followed") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const auto first = [](std::uint64_t soft) {
    set_descriptor_limit(soft);
    return first_reserved_descriptor(64);
  };
  const std::uint64_t high = first(256);
  const std::uint64_t low = first(100);
  set_descriptor_limit(before.rlim_cur);
  CHECK(high == 192);
  CHECK(low == 50);
}
