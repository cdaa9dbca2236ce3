// Batch rates: each message of a batch counts for the rates. The gate has charged the POST as one
// request; the other messages are charged once the batch is parsed: all of them, or none and the
// batch is refused.
#pragma once

#include "access/gate.hpp"
#include "http/exchange.hpp"
#include "session/post_body.hpp"

namespace sidecar::endpoints {

// False: the batch is beyond a rate, and the client was answered with 429, or with 400 when it is
// larger than all that the rate allows at once. `gate`: nullptr for no
// rates.
bool within_rates(access::Gate* gate, http::Exchange& exchange, const session::Session& session,
                  const session::PostBody& body);

}  // namespace sidecar::endpoints
