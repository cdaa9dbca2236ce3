#include "endpoints/outcome_status.hpp"

#include "support/catch.hpp"

using namespace sidecar;
using mux::Outcome;

TEST_CASE("outcome_status: each outcome has a status over Streamable HTTP and one over REST") {
  struct Row {
    Outcome outcome;
    int mcp;
    int rest;
  };
  constexpr Row kRows[] = {
      {Outcome::kResult, 200, 200},      {Outcome::kError, 200, 500},
      {Outcome::kTimeout, 200, 504},     {Outcome::kChildDied, 200, 503},
      {Outcome::kUnavailable, 503, 503}, {Outcome::kBusy, 429, 503},
      {Outcome::kOverRate, 429, 429},    {Outcome::kForbidden, 200, 403},
      {Outcome::kKeyGone, 200, 401},     {Outcome::kTooLarge, 200, 500},
      {Outcome::kNotServed, 400, 501},   {Outcome::kUnusable, 200, 502},
      {Outcome::kCancelled, 202, 500},   {Outcome::kInternal, 200, 500},
  };
  STATIC_REQUIRE(std::size(kRows) == mux::kOutcomes);
  for (const Row& row : kRows) {
    CAPTURE(mux::outcome_name(row.outcome));
    const endpoints::OutcomeStatus& status = endpoints::status_of(row.outcome);
    CHECK(status.outcome == row.outcome);
    CHECK(status.mcp == row.mcp);
    CHECK(status.rest == row.rest);
  }
}
