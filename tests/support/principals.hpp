// Callers of tests, as the gate would make them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "observe/caller.hpp"

namespace sidecar::test {

inline observe::Caller key(std::string owner, std::string address = "192.0.2.1") {
  observe::Caller caller;
  caller.owner = std::move(owner);
  caller.address = std::move(address);
  caller.has_key = true;
  return caller;
}

inline observe::Caller without_key(std::string address) {
  observe::Caller caller;
  caller.address = std::move(address);
  return caller;
}

// May use these tools and no others.
inline observe::Caller only(std::vector<std::string> tools) {
  auto permissions = std::make_shared<auth::Permissions>();
  permissions->tools.allow = std::move(tools);
  observe::Caller caller;
  caller.permissions.push_back(std::move(permissions));
  return caller;
}

}  // namespace sidecar::test
