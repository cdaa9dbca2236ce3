// HTTP status of a call, by its outcome. Streamable HTTP sends most errors with 200, because the
// body is a JSON-RPC error; REST reports them by the status. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>

#include "mux/core/call.hpp"

namespace sidecar::endpoints {

struct OutcomeStatus {
  mux::Outcome outcome;
  int mcp;   // Streamable HTTP: of an answer that is sent as JSON
  int rest;  // /tools, /call-tool and the other REST endpoints
};

// In the order of mux::Outcome.
inline constexpr std::array<OutcomeStatus, mux::kOutcomes> kOutcomeStatus = {{
    {mux::Outcome::kResult, 200, 200},
    {mux::Outcome::kError, 200, 500},
    {mux::Outcome::kTimeout, 200, 504},
    {mux::Outcome::kChildDied, 200, 503},
    {mux::Outcome::kUnavailable, 503, 503},
    {mux::Outcome::kBusy, 429, 503},
    {mux::Outcome::kOverRate, 429, 429},
    {mux::Outcome::kForbidden, 200, 403},
    {mux::Outcome::kKeyGone, 200, 401},
    {mux::Outcome::kTooLarge, 200, 500},
    {mux::Outcome::kNotServed, 400, 501},
    {mux::Outcome::kUnusable, 200, 502},
    {mux::Outcome::kCancelled, 202, 500},
    {mux::Outcome::kInternal, 200, 500},
}};

constexpr const OutcomeStatus& status_of(mux::Outcome outcome) {
  return kOutcomeStatus[static_cast<std::size_t>(outcome)];
}

}  // namespace sidecar::endpoints
