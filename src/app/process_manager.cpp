#include "app/process_manager.hpp"

#include <fmt/format.h>

#include "config/text.hpp"

namespace sidecar::app {
namespace {

std::string_view value_of(const config::Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view() : found->second;
}

}  // namespace

// PM2 sets `pm_id` for every process, and numbers the copies of one program from 0 in
// NODE_APP_INSTANCE, or in the variable that `instance_var` names.
Result<void> check_single(const config::Environment& environment) {
  if (value_of(environment, "pm_id").empty()) return {};
  std::string_view variable = value_of(environment, "instance_var");
  if (variable.empty()) variable = "NODE_APP_INSTANCE";
  const std::string_view copy = value_of(environment, variable);
  if (copy.empty() || copy == "0") return {};
  return fail(fmt::format(
      "PM2 started several copies ({}={}), which cannot share one port: one mcp-sidecar serves all "
      "clients; without -i, and with --instances N it runs several wrapped servers",
      variable, config::shown(copy)));
}

}  // namespace sidecar::app
