// SessionlessCalls: requests of clients without a session, over REST and Streamable HTTP. The
// wrapped server is asked as for a client without capabilities. A client that disconnects does not
// cancel its call. Owned by an endpoint; loop thread only.
#pragma once

#include <boost/intrusive/list.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "jsonrpc/message.hpp"
#include "mux/pool/instances.hpp"
#include "observe/caller.hpp"
#include "observe/calls.hpp"
#include "session/client_call.hpp"
#include "util/timers.hpp"

namespace sidecar::session {

class SessionlessCalls : private CallSender {
 public:
  using CallerPtr = std::shared_ptr<const observe::Caller>;
  // Whether the key or token of a caller is still valid.
  using Holds = std::function<bool(const auth::Principal&)>;

  // `transport`: of the records, a literal. `timeout` of one call; nullopt: that of calls in
  // sessions.
  SessionlessCalls(mux::Instances& instances, std::string_view transport,
                   std::optional<Clock::duration> timeout = {});

  // Reports all later calls to `calls`, which outlives them.
  void observe_by(const observe::Calls& calls) { calls_ = &calls; }

  // REQUIRES: `message` is a request. `deliver` is called once; `notify` and `known`: see
  // mux::Reply.
  void send(CallerPtr caller, jsonrpc::Message message, mux::Reply::Deliver deliver,
            mux::Reply::Notify notify = nullptr,
            std::function<bool(std::uint64_t)> known = nullptr);

  // Answers the calls of the callers for which `holds` is false with kKeyGone: their key or token
  // is gone. The calls are not cancelled at the child; its later answers are dropped.
  void end_calls(const Holds& holds);

 private:
  // A call that waits for its answer. Shared by the callbacks for its answer and its messages; its
  // destruction removes it from `running_`.
  struct Running : std::enable_shared_from_this<Running>,
                   boost::intrusive::list_base_hook<
                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    CallerPtr caller;
    std::string id;
    mux::Reply::Deliver deliver;
    mux::Reply::Notify notify;
  };

  // Of CallSender.
  void send(const auth::Principal& caller, jsonrpc::Message request, mux::Reply reply) override;
  void send_own(const auth::Principal& caller, jsonrpc::Message request, mux::Reply reply) override;

  mux::Instances& instances_;
  const std::shared_ptr<const observe::CallSource> source_;
  const std::optional<Clock::duration> timeout_;
  const observe::Calls* calls_ = nullptr;
  boost::intrusive::list<Running, boost::intrusive::constant_time_size<false>> running_;
};

}  // namespace sidecar::session
