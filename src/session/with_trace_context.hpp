// Traced: carries the trace context of a client's HTTP request on to the wrapped server, in `_meta`
// under the names of W3C's fields, as MCP reserves them (SEP-414). Loop thread only.
#pragma once

#include "jsonrpc/message.hpp"
#include "observe/trace_context.hpp"

namespace sidecar::session {

// `request` with the context in params._meta. As it is when there is none, when the client has put
// one there itself, and when params or _meta is no object.
jsonrpc::Message with_trace_context(jsonrpc::Message request, const observe::TraceContext& trace);

}  // namespace sidecar::session
