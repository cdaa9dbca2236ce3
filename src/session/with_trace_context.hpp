// Passes the trace context of a client's HTTP request to the wrapped server: in `_meta`, under the
// names of the W3C fields, which MCP reserves for this (SEP-414). Loop thread only.
#pragma once

#include "jsonrpc/message.hpp"
#include "observe/trace_context.hpp"

namespace sidecar::session {

// Adds the context to params._meta. Returns `request` unchanged if there is no context, if the
// client has put a traceparent there itself, or if params or _meta is not an object.
jsonrpc::Message with_trace_context(jsonrpc::Message request, const observe::TraceContext& trace);

}  // namespace sidecar::session
