// The label `server`: the name of a wrapped server in metrics, log lines, audit records, /sessions
// and /calls. A figure, line or record has it if a second wrapped server would have its own: calls,
// tools, sessions, children. What belongs to the process (connections, requests, streams, refusals,
// the audit database, the dashboard) does not: much of it happens before the server is known.
#pragma once

#include <string_view>

namespace sidecar::observe {

// The server of the command line. Forms for people, which show one line for each event or call,
// leave this name out.
inline constexpr std::string_view kDefaultServer = "default";

}  // namespace sidecar::observe
