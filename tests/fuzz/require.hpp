// Assertions of the fuzzers.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace sidecar::fuzz {

// Ends the program with `what` and the observed value unless the assertion holds.
inline void require(bool holds, const char* what, std::string_view seen = {}) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n%.*s\n", what, static_cast<int>(seen.size()),
               seen.data());
  std::abort();
}

}  // namespace sidecar::fuzz
