#include "mux/core/child_death.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sidecar::mux {
namespace {

using Json = nlohmann::ordered_json;
using observe::Disclosure;

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

ChildDeath::ChildDeath(const child::Exit& exit)
    : reason_("the MCP server " + exit.reason), stderr_(dumped(exit.stderr_tail)) {
  Json data = {{"reason", exit.reason}};
  if (exit.code) data["exitCode"] = *exit.code;
  if (exit.signal) data["signal"] = *exit.signal;
  data["restarts"] = exit.restarts;
  facts_ = dumped(data);
  facts_ = facts_.substr(1, facts_.size() - 2);
  if (!exit.stderr_tail.empty()) line_ = exit.stderr_tail.back();
}

std::string ChildDeath::message(Disclosure told) const {
  return told == Disclosure::kState || line_.empty() ? reason_ : reason_ + ": " + line_;
}

std::string ChildDeath::data(Disclosure told) const {
  return told == Disclosure::kStderr ? fmt::format(R"({{{},"stderr":{}}})", facts_, stderr_)
                                     : fmt::format("{{{}}}", facts_);
}

}  // namespace sidecar::mux
