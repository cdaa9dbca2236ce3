// Matchers whose names differ between Catch2 2 and 3.
#pragma once

#include <string>

#include "support/catch.hpp"

namespace sidecar::test {

inline auto Contains(const std::string& part) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Matchers::Contains(part);
#endif
}

}  // namespace sidecar::test
