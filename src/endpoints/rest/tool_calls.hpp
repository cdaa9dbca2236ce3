// Tool calls: what clients without a session ask of the wrapped server, for all REST endpoints.
// Sends one request, or has the pages of tools/list gathered (ListReadings). A client that goes away does not cancel
// its call. Knows nothing of HTTP. Owned by app; loop thread only.
#pragma once

#include <boost/intrusive/list.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "endpoints/rest/list_readings.hpp"
#include "mux/pool/instances.hpp"
#include "observe/calls.hpp"
#include "util/timers.hpp"

namespace sidecar::endpoints {

class ToolCalls {
 public:
  using CallerPtr = std::shared_ptr<const observe::Caller>;
  using Listed = endpoints::Listed;

  // `timeout` of one call; `list_limit`: bytes that the tools of all pages may have.
  ToolCalls(mux::Instances& instances, Timers& timers, observe::Log& log, Clock::duration timeout,
            std::size_t list_limit);

  // From now on `calls`, which outlives the calls, is told of them.
  void observe_by(const observe::Calls& calls) { calls_ = &calls; }

  void send(const CallerPtr& caller, std::string_view method, std::string_view params,
            mux::Reply::Deliver deliver, mux::Reply::Notify progress = nullptr);

  // Answers the calls of those whom `holds` is false for: their key or token is gone. What the
  // child says later is dropped; it is not told.
  void end_calls(const std::function<bool(const observe::Caller&)>& holds);

  // Every tool of every page that the caller may see (ListReadings).
  void list(CallerPtr caller, Listed done) { lists_.list(std::move(caller), std::move(done)); }

  // `done` gets the tool that is meant by `name`, a tool's name or its function name
  // (endpoints/rest/tool_directory.hpp). Asks for the list only when it can be the latter; a name
  // that is nobody's stays as it is. Errors: the caller's key or token is gone.
  using Found = std::function<void(const tl::expected<std::string, mux::Answer>&)>;
  void find(const CallerPtr& caller, std::string name, Found done);

 private:
  // A call that waits for its answer. Shared by what takes its answer and its progress; leaves the
  // list by itself.
  struct Running : std::enable_shared_from_this<Running>,
                   boost::intrusive::list_base_hook<
                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    CallerPtr caller;
    mux::Reply::Deliver deliver;
    mux::Reply::Notify progress;
  };
  using Known = ListReadings::Known;

  void request(const CallerPtr& caller, std::string_view method, std::string_view params,
               mux::Reply::Deliver deliver, mux::Reply::Notify progress, Known known);
  mux::Instances& instances_;
  const Clock::duration timeout_;
  const observe::Calls* calls_ = nullptr;
  boost::intrusive::list<Running, boost::intrusive::constant_time_size<false>> running_;
  ListReadings lists_;
};

}  // namespace sidecar::endpoints
