// What passes between the multiplexer and those who call through it: clients, replies, answers.
// Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "jsonrpc/message.hpp"
#include "mux/list_view.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

class ChildDeath;
using ClientId = std::uint64_t;

// How a call ended. kResult and kError are the child's own words; all others are said by the
// sidecar.
enum class Outcome {
  kResult,
  kError,        // the child answered with a JSON-RPC error
  kTimeout,      // its deadline passed
  kChildDied,    // the child had it and died
  kUnavailable,  // no child takes calls now
  kBusy,         // a limit on calls or bytes is reached
  kOverRate,     // all clients together have called the child too often
  kForbidden,    // its caller may not make it
  kKeyGone,      // its caller's key or token no longer holds
  kTooLarge,     // the child's answer was beyond the line limit
  kCancelled,    // the client withdrew it: `text` is empty, nothing is said to the client
  kInternal,     // nobody answered it: our own bug
};

inline constexpr std::size_t kOutcomes = 12;

// Name of an outcome in logs and metrics.
std::string_view outcome_name(Outcome outcome);

struct Answer {
  Outcome outcome = Outcome::kInternal;
  std::string text;         // the whole JSON-RPC answer, with the id as the client sent it
  jsonrpc::Span payload;    // the value of `result` or `error` in it
  bool tool_error = false;  // kResult: the tool says that it failed
  std::string message;      // for people, when it is an error; empty for kResult
  std::optional<std::chrono::seconds> retry_after;
  // The child has ended: what may be told of it. `text` and `message` have all of it. Shared by all
  // calls that it had.
  std::shared_ptr<const ChildDeath> death{};
  Clock::duration at_child{};  // from the hand-over to the child on; zero: it did not get the call
  // Of a list that is kept: what its pages have in common until it changes, and no other list has.
  // 0: it is not kept.
  std::uint64_t list_version = 0;
  bool unchanged = false;  // the caller has this version (Reply::set_known): the payload is {}
  bool filtered = false;   // a list: what its caller may not see has been taken out (ListView)
};

// Builds an answer of the sidecar's own. `data` is JSON text or empty.
Answer make_failure(Outcome outcome, std::string_view client_id, int code, std::string_view message,
                    std::string_view data = {},
                    std::optional<std::chrono::seconds> retry_after = {});
// `message` of the JSON-RPC error that an answer carries.
std::string error_message(const Answer& answer);
// Of a child that has ended, with all that there is to tell.
Answer make_death_failure(Outcome outcome, std::string_view client_id,
                          std::shared_ptr<const ChildDeath> death,
                          std::chrono::seconds retry_after);
Answer make_result(std::string_view client_id, std::string_view result);

// The reply object of one call. Answered exactly once: destroying it unanswered sends an internal
// error.
class Reply {
 public:
  using Deliver = std::function<void(Answer)>;
  using Notify = std::function<void(std::string)>;

  // `notify`, if given, takes what the child says about this very call before its answer: progress,
  // log messages, and requests to the client that certainly belong to it. Else all of that goes to
  // the client.
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
  // `known` says whether the caller has a version of the list already: it is then not copied once
  // more.
  void set_known(std::function<bool(std::uint64_t list_version)> known) {
    known_ = std::move(known);
  }
  // What its caller may see of a list; nullptr: all of it.
  void set_view(std::shared_ptr<const ListView> view) { view_ = std::move(view); }
  const ListView* view() const { return view_.get(); }
  bool knows(std::uint64_t list_version) const { return known_ != nullptr && known_(list_version); }
  // The client is gone: nothing is sent any more.
  void forget() { deliver_ = nullptr; }

 private:
  void abandon();

  std::string client_id_;  // token, as the client wrote it
  Deliver deliver_;
  Notify notify_;
  std::function<bool(std::uint64_t)> known_;
  std::shared_ptr<const ListView> view_;  // std::function copies what makes replies
};

// A client as the multiplexer sees it: one session. REST calls have none (kNoClient).
inline constexpr ClientId kNoClient = 0;

// Who makes a call.
struct CallOrigin {
  CallOrigin(ClientId session) : client(session) {}  // NOLINT(google-explicit-constructor)
  // Without a session. `owner` is used during request() only.
  static CallOrigin of_owner(std::string_view owner) {
    CallOrigin origin(kNoClient);
    origin.owner = owner;
    return origin;
  }

  ClientId client;
  std::string_view owner;  // of a call without a session
};

class Client {
 public:
  virtual ~Client() = default;
  // A message of the child that belongs to no call that takes messages: a notification, or a
  // request that the client is to answer. One line of JSON.
  virtual void on_message(std::string text) = 0;
  // Whether what is given to on_message() can reach the client now or later. A request of the child
  // for a client that does not listen is refused.
  virtual bool listens() const { return true; }
  // Whether the client may be sent updates of this resource now. Permissions may have been narrowed
  // since it subscribed.
  virtual bool may_hear_of(std::string_view) const { return true; }
};

}  // namespace sidecar::mux
