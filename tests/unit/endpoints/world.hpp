// A child played by the test, and what endpoints need besides.
#pragma once

#include "endpoints/mcp/event_ring.hpp"
#include "session/session_table.hpp"
#include "session/stream_limit.hpp"
#include "support/fake_exchange.hpp"
#include "support/played_child.hpp"

namespace sidecar::test {

struct World : ChildWorld {
  explicit World(session::TableLimits table = {}, std::size_t streams_per_address = 0,
                 endpoints::RingLimits ring_limits = {},
                 const mux::InstancesOptions& options = shared_children())
      : ChildWorld(options),
        streams(streams_per_address, refusals, metrics),
        rings(timers, ring_limits, metrics),
        sessions(timers, table, log, metrics) {}

  observe::RateLimitedLog refusals{log, timers};
  session::StreamLimit streams;
  endpoints::RingBudget rings;
  session::SessionTable sessions;
};

}  // namespace sidecar::test
