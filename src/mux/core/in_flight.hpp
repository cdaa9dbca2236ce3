// InFlight: calls that the child has not answered yet, by their wire id. A call that was withdrawn
// stays as a tombstone, counted against its client, until the child answers or dies: only then is
// it certain that the child no longer works on it. Knows ids, clients and deadlines; sends nothing.
// Charges Owner::calls and Owner::work. Owned by Multiplexer. Loop thread only. Its size is bounded
// by whoever opens calls.
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
  // `its_owner`: whose bounds it counts against; nullptr: nobody's.
  Call(ClientId its_client, Reply to, OwnerPtr its_owner = nullptr)
      : client(its_client), owner(std::move(its_owner)), reply(std::move(to)) {}

  ClientId client;
  OwnerPtr owner;
  Reply reply;
  std::string method;
  std::string progress_token;    // as the client wrote it; empty: none
  std::string line;              // for the child; empty once the link has it
  child::LineNumber number = 0;  // of `line` at the running process; 0: not handed over
  // an `initialize`, answered here once the handshake is done
  std::optional<std::string> asked_version;
  const MethodRule* rule = nullptr;  // of methods that the multiplexer takes part in
  // what the rule needs again at the answer: a URI, a level …
  std::string subject;
  std::string kept;        // `line` once more, of a call that may be repeated
  Clock::time_point sent;  // handed over
  Clock::duration timeout{};
  Clock::time_point due;                                    // progress moves it …
  Clock::time_point last_due;                               // … up to here
  unsigned paused = 0;                                      // > 0: its time stands still
  double progress = std::numeric_limits<double>::lowest();  // the furthest that was told
  // the sidecar's own: nobody is served by it
  bool own = false;
  bool charged = false;     // to ChildRate
  bool repeatable = false;  // the child may be asked twice
  // a subscribe that its client has taken back
  bool undone = false;
  // task-augmented: the answer makes a task
  bool task = false;
  bool asked_client = false;  // its client was asked something for it
  bool repeated = false;      // handed to a second child
  bool from_memory = false;   // waits for its slice of the loop to be answered from the ListCache
  bool withdrawn = false;     // tombstone: nobody waits; `due`: when it is let go

  // Asks for a list that may be known: `subject` is its key in the ListCache.
  bool lists() const;
};

class InFlight {
 public:
  static constexpr std::size_t kMaxTombstones = 4096;  // beyond calls in flight; see Owners::work
  // beyond, the oldest one counts as nobody's for good
  static constexpr std::size_t kMaxLetGo = 4096;

  explicit InFlight(IdAllocator& ids) : ids_(ids) {}

  // The id that the next open() will give.
  WireId next_id() const { return ids_.next_wire; }
  // Uses up an id for a call that is not kept here.
  WireId take_id() { return ids_.next_wire++; }
  WireId open(Call&& call);
  // A call of another table, under the id that it has there.
  void adopt(WireId id, Call&& call);

  Call* find(WireId id);
  // The open call (no tombstone) of a client under the id that it chose.
  std::optional<WireId> find(ClientId client, std::string_view client_id) const;
  std::optional<WireId> find_number(child::LineNumber number) const;

  // Takes a call out of the table.
  std::optional<Call> close(WireId id);
  // Makes a tombstone of a call that the child has: its reply is forgotten. From `until` on (see
  // expired()) it may be let go; beyond kMaxTombstones the oldest is.
  void withdraw(WireId id, Clock::time_point until);
  // A tombstone no longer counts as its client's call: a server that heeds MCP does not answer what
  // was cancelled. The child may still work on it, so it stays an origin until answered_late() or
  // child_gone().
  void abandon(WireId id);
  struct LetGo {
    ClientId client = kNoClient;
    bool task = false;  // see Call
  };
  // The child has answered a call that was let go; nothing: it was never one.
  std::optional<LetGo> answered_late(WireId id);

  // The link took the call's line as number `number`.
  void handed_over(WireId id, child::LineNumber number);
  // The process is gone, and with it what it worked on. `number` of every call is 0 afterwards.
  void child_gone();

  // Moves a deadline, but not beyond Call::last_due. One that stands still begins anew on resume().
  void move_due(WireId id, Clock::time_point due);
  void pause(WireId id);
  // `stood`: how long it was paused. Ids of calls that have ended are ignored.
  void resume(WireId id, Clock::time_point now, Clock::duration stood);
  std::optional<Clock::time_point> earliest_due() const;
  // Ids whose deadline is not after `now`, earliest first; tombstones that may be let go among
  // them.
  std::vector<WireId> expired(Clock::time_point now) const;

  std::vector<WireId> all() const;  // oldest first
  // The newest call of an owner that somebody waits for; that is kept to be repeated; the oldest
  // tombstone of an owner, or of all (nullptr).
  std::optional<WireId> newest_of(const Owner& owner) const;
  std::optional<WireId> newest_kept_of(const Owner& owner) const;
  std::optional<WireId> oldest_tombstone(const Owner* owner) const;
  std::vector<WireId> of_client(ClientId client) const;
  // Calls that somebody waits for.
  std::size_t live() const { return calls_.size() - tombstones_.size(); }
  // Calls of one client, tombstones included.
  std::size_t count(ClientId client) const;

  // The client on whose behalf the child works on everything that it has, tombstones included;
  // nothing when it has nothing or works for several. REST calls and the sidecar's own count as
  // kNoClient.
  std::optional<ClientId> sole_origin() const;
  // The child works on something else for a client: a task.
  void work_begins(ClientId client) { work_begins(calls_of(client)); }
  void work_ends(ClientId client);
  // The only call of a client that the child has and somebody waits for.
  std::optional<WireId> sole_call(ClientId client) const;
  // Those calls, oldest first.
  std::vector<WireId> calls_at_child(ClientId client) const;
  // When the oldest call was handed over that somebody still waits for, and whose time does not
  // stand still.
  std::optional<Clock::time_point> oldest_sent() const;

 private:
  // A call takes one piece of memory, whatever it is looked for by.
  using TreeHook = boost::intrusive::set_member_hook<>;
  using ListHook = boost::intrusive::list_member_hook<>;
  struct ClientCalls;
  struct Entry : Call {
    Entry(WireId its_id, Call&& call, ClientCalls& its_siblings)
        : Call(std::move(call)), id(its_id), siblings(its_siblings) {}

    const WireId id;
    ClientCalls& siblings;  // and itself
    ListHook by_client;
    TreeHook by_due;     // unless its time stands still
    TreeHook by_number;  // while the child has it
  };
  // Of one client, as long as there is a call or work.
  struct ClientCalls {
    explicit ClientCalls(ClientId its_client) : client(its_client) {}

    const ClientId client;
    boost::intrusive::list<Entry, boost::intrusive::member_hook<Entry, ListHook, &Entry::by_client>>
        calls;
    std::size_t at_child = 0;  // what the child works on for it
    ListHook by_work;          // unless that is nothing
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
  std::map<WireId, Entry> calls_;  // ordered: ids rise with time
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
