// Admission: bounds the calls of clients and owners, the bytes that wait for the child, the copies
// of calls that may be repeated, and the rate of calls. Ends what others have too much of to make
// room (util/shares.hpp). Owned by Multiplexer. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "config/settings.hpp"
#include "mux/core/call.hpp"
#include "mux/core/child_rate.hpp"
#include "mux/core/fair_queue.hpp"
#include "mux/core/in_flight.hpp"
#include "mux/core/owners.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

struct Limits : config::CallLimits {
  // Bytes that wait for a child, shared by owners. One client may have a quarter. Beyond: kBusy.
  std::size_t waiting_bytes = 16 << 20;
};

class Core;

class Admission {
 public:
  Admission(Core& core, FairQueue& queue, ChildRate& rate)
      : core_(core), queue_(queue), rate_(rate) {}

  // The refusal of a call of `size` bytes; nullopt: it is accepted. `waits`: it will wait in the
  // queue, else it is handed to the child at once. May end calls of others to make room for it.
  std::optional<Answer> refusal(ClientId client, Owner& owner, std::string_view client_id,
                                std::size_t size, bool waits);
  // Whether a message of a client that is not a call may wait in the queue. As refusal().
  bool may_wait(Owner& owner, ClientId client, std::size_t size);
  // Charges a call to the child's rate limit, once, also if the call is repeated. Calls that the
  // sidecar answers itself (ping, initialize, a cached list, a second subscription) are free.
  // Returns the refusal, Outcome::kOverRate, if the limit is reached.
  std::optional<Answer> charge(Call& call);
  // The refusal of an owner that holds too much of `shares`: kUnavailable if it alone uses all of
  // them, else kBusy. `limit` labels the metric.
  Answer beyond_share(std::string_view client_id, std::string_view limit, const Shares& shares,
                      const Shares::Holding& holding, std::string_view what);

  // Keeps a copy of the call's line for a second child, if there is room.
  void keep(Call& call);
  void release_kept(Call& call);

 private:
  bool fits_client(const Owner& owner, ClientId client, std::size_t size) const;
  bool make_room_for_bytes(Owner& owner, std::size_t size);
  bool make_room_for_work(Owner& owner);
  bool end_newest_call(Owner& owner);
  bool end_newest_waiting(Owner& owner);
  void end_for_others(WireId id, std::string_view what);

  Core& core_;
  FairQueue& queue_;
  ChildRate& rate_;
};

}  // namespace sidecar::mux
