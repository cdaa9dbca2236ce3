// Json: the demo builds its answers with keys in the order it wrote them.
#pragma once

#include <nlohmann/json.hpp>

namespace sidecar::demo {

using Json = nlohmann::ordered_json;

}  // namespace sidecar::demo
