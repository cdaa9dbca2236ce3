// The values that the multiplexer and its callers exchange: clients, their ids, replies, answers.
// Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.hpp"
#include "child/link.hpp"
#include "jsonrpc/message.hpp"
#include "mux/core/list_view.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

using ClientId = std::uint64_t;
// A client is one session. REST calls have none (kNoClient).
inline constexpr ClientId kNoClient = 0;
// The id of a call on a child's stdin. Never reused; below 2^53, so that every JSON parser keeps
// it.
using WireId = std::uint64_t;
// The id of a server request on its way to a client. Never reused, by any instance.
using PeerId = std::uint64_t;

// Source of the ids of all instances, so that no two instances use the same one. Owned by
// Instances.
struct IdAllocator {
  WireId next_wire = 1;
  PeerId next_peer = 1;
  ClientId next_client = kNoClient + 1;
  std::uint64_t next_list_version = 1;
};

// How a call ended. kResult and kError are answers of the child; the sidecar makes all others.
enum class Outcome {
  kResult,
  kError,        // the child answered with a JSON-RPC error
  kTimeout,      // its deadline passed
  kChildDied,    // the child died while it had the call
  kUnavailable,  // no child takes calls now
  kBusy,         // a limit on calls or bytes is reached
  kOverRate,     // the limit on the rate of all clients' calls is reached
  kForbidden,    // its caller may not make it
  kKeyGone,      // its caller's key or token is no longer valid
  kTooLarge,     // the child's answer exceeded the line limit
  kNotServed,    // the sidecar does not pass on this method
  kUnusable,     // the child's answer is not a JSON-RPC message
  kCancelled,    // the client cancelled it: `text` is empty, nothing is sent to the client
  kInternal,     // it was left unanswered: our own bug
};

inline constexpr std::size_t kOutcomes = 14;

// Name of an outcome in logs and metrics.
std::string_view outcome_name(Outcome outcome);

// The end of a child, described in as much detail as a caller may see.
class ChildDeath {
 public:
  explicit ChildDeath(const child::Exit& exit);

  // "the MCP server exited with code 1: <Exit::error_line>"
  std::string message(auth::Disclosure told) const { return "the MCP server " + what(told); }
  // The same without the subject.
  std::string what(auth::Disclosure told) const;
  // JSON object: reason, exitCode or signal unless the sidecar ended it, restarts, stderr (array of
  // lines).
  std::string data(auth::Disclosure told) const;

 private:
  std::string reason_;
  std::string line_;    // Exit::error_line
  std::string facts_;   // members of a JSON object
  std::string stderr_;  // JSON array
};

struct Answer {
  Outcome outcome = Outcome::kInternal;
  std::string text;         // the whole JSON-RPC answer, with the id as the client wrote it
  jsonrpc::Span payload;    // the value of `result` or `error` in it
  bool tool_error = false;  // kResult: the tool reports that it failed (isError)
  std::string message;      // for people, when it is an error; empty for kResult
  std::optional<std::chrono::seconds> retry_after;
  // Set when the child has ended. `text` and `message` contain all of its details, until
  // session::disclosed() has left out what the caller may not see. Shared by all calls that the
  // child had.
  std::shared_ptr<const ChildDeath> death{};
  Clock::duration at_child{};  // time since the hand-over to the child; 0: not handed over
  // Version of a cached list: the same for all pages until the list changes, and used by no other
  // list. 0: not cached.
  std::uint64_t list_version = 0;
  bool unchanged = false;  // the caller has this version (Reply::set_known): `payload` is {}
  bool filtered = false;   // of a list: entries that the caller may not see are removed (ListView)
};

// An answer that the sidecar makes itself. `data`: JSON text, or empty.
Answer make_failure(Outcome outcome, std::string_view client_id, int code, std::string_view message,
                    std::string_view data = {},
                    std::optional<std::chrono::seconds> retry_after = {});
// The answer to a call whose child has ended, with all details of the death.
Answer make_death_failure(Outcome outcome, std::string_view client_id,
                          std::shared_ptr<const ChildDeath> death,
                          std::chrono::seconds retry_after);
Answer make_result(std::string_view client_id, std::string_view result);
// `message` of the JSON-RPC error in an answer.
std::string error_message(const Answer& answer);

// The reply object of one call. Answered exactly once: destroying it unanswered sends an internal
// error.
class Reply {
 public:
  using Deliver = std::function<void(Answer)>;
  using Notify = std::function<void(std::string)>;

  // `notify`, if given, receives the child's messages that certainly belong to this call, before
  // its answer: progress, log messages, and server requests. Without it they go to the client.
  Reply(std::string client_id, Deliver deliver, Notify notify = nullptr)
      : client_id_(std::move(client_id)),
        deliver_(std::move(deliver)),
        notify_(std::move(notify)) {}
  Reply(Reply&& other) noexcept;
  Reply& operator=(Reply&& other) noexcept;
  ~Reply() { abandon(); }

  const std::string& client_id() const { return client_id_; }
  bool pending() const { return deliver_ != nullptr; }
  bool takes_messages() const { return notify_ != nullptr; }
  void message(std::string text) { notify_(std::move(text)); }
  void send(Answer answer);
  // `known`: whether the caller has this version of the list. The list is then not copied again.
  void set_known(std::function<bool(std::uint64_t list_version)> known) {
    known_ = std::move(known);
  }
  // The caller's view of a list; nullptr: all of it.
  void set_view(std::shared_ptr<const ListView> view) { view_ = std::move(view); }
  const ListView* view() const { return view_.get(); }
  bool knows(std::uint64_t list_version) const { return known_ != nullptr && known_(list_version); }
  // The client has left: nothing is sent any more.
  void forget() { deliver_ = nullptr; }

 private:
  void abandon();

  std::string client_id_;  // token, as the client wrote it
  Deliver deliver_;
  Notify notify_;
  std::function<bool(std::uint64_t)> known_;
  std::shared_ptr<const ListView> view_;  // std::function copies what makes replies
};

// The maker of a call: a session, or an owner without one.
struct CallOrigin {
  CallOrigin(ClientId session) : client(session) {}  // NOLINT(google-explicit-constructor)
  // `owner` must live until request() returns.
  static CallOrigin of_owner(std::string_view owner) {
    CallOrigin origin(kNoClient);
    origin.owner = owner;
    return origin;
  }

  ClientId client;
  std::string_view owner;  // only of a call without a session
  // A request of the sidecar on behalf of the client: its id is not one of the client's.
  bool by_sidecar = false;
};

class Client {
 public:
  virtual ~Client() = default;
  // A notification or request of the child, one line of JSON, that no call's reply takes.
  virtual void on_message(std::string text) = 0;
  // Whether messages given to on_message() can reach the client now or later. If not, server
  // requests for it are refused.
  virtual bool listens() const { return true; }
  // Whether the client may receive updates of this resource now. Its permissions may have been
  // narrowed since it subscribed.
  virtual bool may_receive_updates_of(std::string_view /*uri*/) const { return true; }
};

}  // namespace sidecar::mux
