// The demo's resources (demo://readme and demo://status) and its prompt (`introduce`).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "demo/json.hpp"

namespace sidecar::demo {

// What demo://status tells.
struct Status {
  std::chrono::seconds uptime;
  std::uint64_t requests;
  std::size_t sleeping_calls;
};

Json list_resources();
// A ReadResourceResult. Throws RpcError when there is no such resource.
Json read_resource(const std::string& uri, const Status& status);

Json list_prompts();
// A GetPromptResult. Throws RpcError when the prompt is unknown or an argument does not fit.
Json get_prompt(const std::string& name, const Json& arguments);

}  // namespace sidecar::demo
