// Caller: the principal behind one request, and the trace that the request belongs to. Made by
// access::Gate. A plain value: any thread.
#pragma once

#include "auth/principal.hpp"
#include "observe/trace_context.hpp"

namespace sidecar::observe {

struct Caller : auth::Principal {
  TraceContext trace{};
};

}  // namespace sidecar::observe
