// ClientCall: one request of a client on its way from the endpoint to the wrapped server and back.
// Holds the caller, the trace, the record for observe::Calls and the reply. CallSender: sends the
// calls of a session, or of clients without one.
//
//   start → record → permission → look-up of the tool, for a read-only caller → send → end
//
// Each call ends exactly once: answered, refused, cancelled, or destroyed unanswered because its
// session or its sender has ended; the record of the last one says "cancelled". Without a sink
// nothing is recorded or copied for it. Owned by the callbacks of its reply; loop thread only.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "auth/principal.hpp"
#include "jsonrpc/message.hpp"
#include "mux/core/call.hpp"
#include "observe/calls.hpp"
#include "observe/trace_context.hpp"
#include "util/result.hpp"

namespace sidecar::session {

// The answer, with as much of the end of the child, if it describes one, as the caller may see
// (auth::Disclosure). `client_id`: as in the answer.
mux::Answer disclosed(mux::Answer answer, const auth::Principal& caller,
                      std::string_view client_id);

class CallSender;

struct ClientRequest {
  jsonrpc::Message message;  // REQUIRES: kind kRequest
  std::shared_ptr<const auth::Principal> caller;
  observe::TraceContext trace;
  // Called once, with Outcome::kForbidden if the request is not permitted, and with kUnavailable if
  // a sink of the records refuses it. Not called once the session has ended.
  mux::Reply::Deliver deliver;
  mux::Reply::Notify notify{};                 // see mux::Reply
  std::function<bool(std::uint64_t)> known{};  // see mux::Reply::set_known
  std::string unavailable{};  // why the wrapped server cannot be asked; empty: it can
};

class ClientCall final : public std::enable_shared_from_this<ClientCall>,
                         public boost::intrusive::list_base_hook<
                             boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  struct Key {};  // only start() makes calls

 public:
  // `calls` may be null and outlives the call. Pings are not recorded.
  static void start(CallSender& sender, const observe::Calls* calls,
                    std::shared_ptr<const observe::CallSource> source, ClientRequest request);

  ClientCall(Key, CallSender& sender, const observe::Calls* calls,
             std::shared_ptr<const observe::CallSource> source, ClientRequest& request);
  ~ClientCall();
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;

  const std::string& id() const { return id_; }
  const std::string& method() const { return method_; }
  // The client withdrew the call while its tool was being looked up.
  void cancel();

 private:
  using Ptr = std::shared_ptr<ClientCall>;

  // Errors: the text of the sink that refuses the call.
  Result<void> begin_record();
  static void look_up_tool(Ptr call);
  void set_in_look_up(bool now);
  static void send(Ptr call);
  void forbid(std::string_view why);
  void fail(std::string_view why);
  void refuse_method();
  void end(mux::Answer answer);
  void record_answer(mux::Answer& answer);
  void record_end(std::string_view outcome, std::size_t answer_bytes, std::string_view error,
                  Clock::duration at_child = {});
  // The sender ends: the client gets no answer any more.
  void drop();

  friend class CallSender;

  CallSender& sender_;
  const observe::Calls* const calls_;  // nullptr: not recorded
  const std::shared_ptr<const observe::CallSource> source_;
  const std::shared_ptr<const auth::Principal> caller_;
  const observe::TraceContext trace_;
  jsonrpc::Message message_;  // until it is sent
  const std::string id_;
  const std::string method_;
  mux::Reply::Deliver deliver_;
  mux::Reply::Notify notify_;                 // until the message is sent
  std::function<bool(std::uint64_t)> known_;  // until the message is sent
  bool open_ = true;                          // linked in `sender_.open_`
  bool in_look_up_ = false;

  // Of the record.
  std::string subject_;
  const std::size_t request_bytes_;
  std::chrono::system_clock::time_point began_;
  Clock::time_point started_;
  boost::container::small_vector<std::string, 3> kept_;  // of the sinks that took the call
};

// Its destruction drops the calls that are still open.
class CallSender {
 public:
  CallSender(const CallSender&) = delete;
  CallSender& operator=(const CallSender&) = delete;

 protected:
  CallSender() = default;
  virtual ~CallSender();

  // The call with this id that is not sent yet, because its tool is being looked up; else nullptr.
  ClientCall* call_in_look_up(std::string_view id);

 private:
  friend class ClientCall;

  virtual void send(const auth::Principal& caller, jsonrpc::Message request, mux::Reply reply) = 0;
  // Sends a request of the sidecar on behalf of the client. Its id is not one of the client's.
  virtual void send_own(const auth::Principal& caller, jsonrpc::Message request,
                        mux::Reply reply) = 0;
  // The call has its answer, which the client gets after this.
  virtual void on_call_end(const ClientCall& /*call*/, mux::Answer& /*answer*/) {}

  boost::intrusive::list<ClientCall, boost::intrusive::constant_time_size<false>> open_;
  std::size_t in_look_up_ = 0;  // calls in `open_` whose tool is being looked up
};

}  // namespace sidecar::session
