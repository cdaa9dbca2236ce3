// ToolCalls: requests of clients without a session to the wrapped server, for all REST endpoints.
// Sends single requests, and reads the pages of tools/list with ListReadings. A client that
// disconnects does not cancel its call. Knows nothing of HTTP. Owned by app; loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "endpoints/rest/call_body.hpp"
#include "endpoints/rest/list_readings.hpp"
#include "endpoints/rest/tool_changes.hpp"
#include "mux/pool/instances.hpp"
#include "observe/calls.hpp"
#include "session/sessionless_calls.hpp"
#include "util/timers.hpp"

namespace sidecar::endpoints {

class ToolCalls {
 public:
  using CallerPtr = session::SessionlessCalls::CallerPtr;
  using Listed = endpoints::Listed;

  // `timeout` of one call; `list_limit`: bytes of the tools of all pages of one list.
  ToolCalls(mux::Instances& instances, Timers& timers, observe::Log& log, Clock::duration timeout,
            std::size_t list_limit);

  // Reports all later calls to `calls`, which outlives them.
  void observe_by(const observe::Calls& calls) { calls_.observe_by(calls); }

  void send(const CallerPtr& caller, std::string_view method, std::string_view params,
            mux::Reply::Deliver deliver, mux::Reply::Notify progress = nullptr);

  // As SessionlessCalls::end_calls().
  void end_calls(const session::SessionlessCalls::Holds& holds);

  // Gets every tool of every page that the caller may see (ListReadings).
  void list(CallerPtr caller, Listed done) { lists_.list(std::move(caller), std::move(done)); }

  // Logs what documents and function lists change of the tools.
  ChangedTools& changed_tools() { return changed_tools_; }

  // Passes the tool's own name to `done`; `name` is that or the tool's function name
  // (endpoints/rest/tool_directory.hpp). Gets the list only if `name` can be a function name. A
  // name that is not in the list is passed unchanged. Errors: the caller's key or token is gone.
  using Found = std::function<void(const tl::expected<std::string, mux::Answer>&)>;
  void find(const CallerPtr& caller, std::string name, Found done);
  // The same for a name from a path: unless a tool of that very name is listed, one slash at its
  // end is ignored.
  void find_in_path(const CallerPtr& caller, std::string name, Found done);
  // The call with the tool's own name, as by find(). A name with a lone surrogate is not looked up.
  using Resolved = std::function<void(const tl::expected<NamedCall, mux::Answer>&)>;
  void resolve(const CallerPtr& caller, const NamedCall& call, const Resolved& done);

 private:
  using Known = ListReadings::Known;

  // Gets the list and passes the name of the tool that is listed as `name`, else `otherwise`.
  void find_listed(const CallerPtr& caller, std::string name, std::string otherwise, Found done);
  void request(const CallerPtr& caller, std::string_view method, std::string_view params,
               mux::Reply::Deliver deliver, mux::Reply::Notify progress, Known known);

  session::SessionlessCalls calls_;
  ChangedTools changed_tools_;  // before lists_, whose documents report to it
  ListReadings lists_;
};

}  // namespace sidecar::endpoints
