#include "child/descriptor_limit.hpp"

#include <sys/resource.h>

#include "support/catch.hpp"

using namespace sidecar::child;

TEST_CASE("descriptor limit: 64 descriptors are reserved, and more for many children") {
  CHECK(reserved_descriptors(0) == 64);
  CHECK(reserved_descriptors(10) == 64);
  CHECK(reserved_descriptors(100) == 424);
}

TEST_CASE("descriptor limit: at most half of the current soft limit is reserved") {
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

TEST_CASE(
    "descriptor limit: it is raised to the hard limit, and the earlier soft limit is returned") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit low = before;
  low.rlim_cur = 100;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  const DescriptorLimit raised = raise_descriptor_limit();
  CHECK(raised.before == 100);
  CHECK(raised.now == before.rlim_max);
  set_descriptor_limit(before.rlim_cur);
  rlimit after{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &after) == 0);
  CHECK(after.rlim_cur == before.rlim_cur);
}
