// Texts and names of tools within the limits of consumers. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sidecar::endpoints {

// `text` if it has at most `longest` UTF-16 units, else its beginning and "…"; 0: no limit.
std::string shortened(std::string text, std::size_t longest);

// `text` as a valid name of a component or function: each run of other characters than
// [A-Za-z0-9_-] becomes one "_".
std::string plain_name(std::string_view text);

}  // namespace sidecar::endpoints
