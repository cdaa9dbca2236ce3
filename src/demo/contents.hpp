// The demo's resources (demo://readme and demo://status) and its prompt (`introduce`).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "demo/rpc.hpp"

namespace sidecar::demo {

// The contents of demo://status.
struct Status {
  std::chrono::seconds uptime;
  std::uint64_t requests;
  std::size_t sleeping_calls;
};

Json list_resources();
// A ReadResourceResult. Throws RpcError for an unknown resource.
Json read_resource(const std::string& uri, const Status& status);

Json list_prompts();
// A GetPromptResult. Throws RpcError for an unknown prompt or an invalid argument.
Json get_prompt(const std::string& name, const Json& arguments);

}  // namespace sidecar::demo
