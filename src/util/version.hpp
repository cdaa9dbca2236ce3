// The version of the program, set in CMakeLists.txt.
#pragma once

#include <string_view>

namespace sidecar {

inline constexpr std::string_view kVersion = SIDECAR_VERSION;

}  // namespace sidecar
