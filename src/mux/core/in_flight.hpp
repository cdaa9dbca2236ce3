// InFlight: calls that the child has not answered yet, by wire id. A withdrawn call stays as a
// tombstone, counted against its client, until the child answers or dies: only then is it certain
// that the child no longer works on it. After its time a tombstone may be abandoned. Knows ids,
// clients and deadlines; sends nothing. Charges Owner::calls and Owner::work; the caller of open()
// bounds it. Owned by Multiplexer. Loop thread only.
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "child/link.hpp"
#include "mux/core/call.hpp"
#include "mux/core/owners.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

struct MethodRule;

struct Call {
  // `its_owner`: charged for the call; nullptr: not charged.
  Call(ClientId its_client, Reply to, OwnerPtr its_owner = nullptr)
      : client(its_client), owner(std::move(its_owner)), reply(std::move(to)) {}

  ClientId client;
  OwnerPtr owner;
  Reply reply;
  std::string method;
  std::string progress_token;  // as the client wrote it; empty: none
  // For the child, in the client's form (ChildEra); empty once the link has it.
  std::string line;
  jsonrpc::Span id_at;               // in `line`; absent in the sidecar's own calls
  jsonrpc::Span token_at;            // in `line`: the progress token
  child::LineNumber number = 0;      // of `line` at the running process; 0: not handed over
  const MethodRule* rule = nullptr;  // of its method; nullptr: the request is passed on
  // Data for the answer, by rule: a URI, a level, a key of ListCache …
  std::string subject;
  std::string kept;        // copy of `line`, if the call may be repeated
  Clock::time_point sent;  // the hand-over to the child
  Clock::duration timeout{};
  Clock::time_point due;                                    // progress extends it …
  Clock::time_point last_due;                               // … up to here
  unsigned paused = 0;                                      // > 0: its deadline is suspended
  double progress = std::numeric_limits<double>::lowest();  // the highest value delivered
  bool own = false;                                         // made by the sidecar, for no client
  bool by_sidecar = false;                                  // see CallOrigin
  bool charged = false;                                     // to ChildRate
  bool repeatable = false;                                  // may be sent to a second child
  bool undone = false;        // a subscribe whose client has unsubscribed since
  bool task = false;          // task-augmented: the answer creates a task
  bool asked_client = false;  // the child sent its client a request for it
  bool repeated = false;      // sent to a second child
  bool from_memory = false;   // waits for its slice of the loop, to be answered from ListCache
  bool withdrawn = false;     // tombstone: nobody waits; `due`: it may be abandoned
};

class InFlight {
 public:
  static constexpr std::size_t kMaxTombstones =
      4096;  // in addition to calls in flight; see Owners::work
  // Abandoned calls. Beyond it, the oldest counts as kNoClient's until the child ends.
  static constexpr std::size_t kMaxLetGo = 4096;

  explicit InFlight(IdAllocator& ids) : ids_(ids) {}

  // The id of the next open().
  WireId next_id() const { return ids_.next_wire; }
  // Takes an id for a call that is not kept here.
  WireId take_id() { return ids_.next_wire++; }
  WireId open(Call&& call);
  // Takes over a call of another table under its id there.
  void adopt(WireId id, Call&& call);

  Call* find(WireId id);
  // The client's open call (no tombstone) with this id.
  std::optional<WireId> find(ClientId client, std::string_view client_id) const;
  std::optional<WireId> find_number(child::LineNumber number) const;

  // Removes a call from the table.
  std::optional<Call> close(WireId id);
  // Turns a call that the child has into a tombstone and forgets its reply. From `until` on
  // expired() returns it, so that it can be abandoned.
  void withdraw(WireId id, Clock::time_point until);
  // Removes a tombstone: servers that follow MCP do not answer cancelled requests. It no longer
  // counts as its client's call, but it stays a possible origin until answered_late() or
  // child_gone(), because the child may still work on it.
  void abandon(WireId id);
  struct LetGo {
    ClientId client = kNoClient;
    bool task = false;  // see Call
  };
  // The child has answered an abandoned call; nullopt: there is none under this id.
  std::optional<LetGo> answered_late(WireId id);

  // The link accepted the call's line as number `number`.
  void handed_over(WireId id, child::LineNumber number);
  // The process has ended and works on nothing any more. Sets `number` of every call to 0.
  void child_gone();

  // Moves a deadline, at most to Call::last_due. A suspended one restarts on resume().
  void move_due(WireId id, Clock::time_point due);
  void pause(WireId id);
  // `stood`: length of the pause. Ids of calls that have ended are ignored.
  void resume(WireId id, Clock::time_point now, Clock::duration stood);
  std::optional<Clock::time_point> earliest_due() const;
  // Calls whose deadline is not after `now`, earliest first, including tombstones.
  std::vector<WireId> expired(Clock::time_point now) const;

  std::vector<WireId> all() const;  // oldest first
  // An owner's newest call that is no tombstone; its newest call with a `kept` line; its oldest
  // tombstone, or the oldest of all (nullptr).
  std::optional<WireId> newest_of(const Owner& owner) const;
  std::optional<WireId> newest_kept_of(const Owner& owner) const;
  std::optional<WireId> oldest_tombstone(const Owner* owner) const;
  std::vector<WireId> of_client(ClientId client) const;
  // Calls without tombstones.
  std::size_t live() const { return calls_.size() - tombstones_.size(); }
  // Calls of one client, including tombstones.
  std::size_t count(ClientId client) const;

  // The only client for which the child works, on calls, tombstones, abandoned calls or tasks;
  // nullopt: it works for none or for several. Calls of REST and of the sidecar count as kNoClient.
  std::optional<ClientId> sole_origin() const;
  // The child begins and ends other work for a client: a task.
  void work_begins(ClientId client) { work_begins(calls_of(client)); }
  void work_ends(ClientId client);
  // The client's only call at the child, if it has exactly one; no tombstones.
  std::optional<WireId> sole_call(ClientId client) const;
  // The client's calls at the child, oldest first; no tombstones.
  std::vector<WireId> calls_at_child(ClientId client) const;
  // `sent` of the oldest call at the child that is neither a tombstone nor paused.
  std::optional<Clock::time_point> oldest_sent() const;

 private:
  // One allocation per call; the indexes below link into it.
  using TreeHook = boost::intrusive::set_member_hook<>;
  using ListHook = boost::intrusive::list_member_hook<>;
  struct ClientCalls;
  struct Entry : Call {
    Entry(WireId its_id, Call&& call, ClientCalls& its_siblings)
        : Call(std::move(call)), id(its_id), siblings(its_siblings) {}

    const WireId id;
    ClientCalls& siblings;  // the calls of its client, including itself
    ListHook by_client;
    TreeHook by_due;     // unless paused
    TreeHook by_number;  // while it is at the child
  };
  // One client with calls or work.
  struct ClientCalls {
    explicit ClientCalls(ClientId its_client) : client(its_client) {}

    const ClientId client;
    boost::intrusive::list<Entry, boost::intrusive::member_hook<Entry, ListHook, &Entry::by_client>>
        calls;
    std::size_t at_child = 0;  // number of things that the child works on for it
    ListHook by_work;          // while at_child > 0
  };
  struct EarlierDue {
    bool operator()(const Entry& a, const Entry& b) const {
      return a.due != b.due ? a.due < b.due : a.id < b.id;
    }
  };
  struct NumberOf {
    using type = child::LineNumber;
    type operator()(const Entry& entry) const { return entry.number; }
  };

  ClientCalls& calls_of(ClientId client);
  void forget_if_idle(ClientCalls& client);
  template <class Fits>
  std::optional<WireId> newest(Fits fits) const;
  void work_begins(ClientCalls& client);
  void work_ends(ClientCalls& client);
  void schedule(Entry& entry);
  void unschedule(Entry& entry);

  IdAllocator& ids_;
  std::map<WireId, Entry> calls_;  // oldest first: ids increase
  std::unordered_map<ClientId, ClientCalls> clients_;
  boost::intrusive::list<
      ClientCalls, boost::intrusive::member_hook<ClientCalls, ListHook, &ClientCalls::by_work>>
      at_work_;
  boost::intrusive::set<Entry, boost::intrusive::member_hook<Entry, TreeHook, &Entry::by_due>,
                        boost::intrusive::compare<EarlierDue>>
      by_due_;
  boost::intrusive::set<Entry, boost::intrusive::member_hook<Entry, TreeHook, &Entry::by_number>,
                        boost::intrusive::key_of_value<NumberOf>>
      by_number_;
  std::set<WireId> tombstones_;
  std::map<WireId, LetGo> let_go_;
};

}  // namespace sidecar::mux
