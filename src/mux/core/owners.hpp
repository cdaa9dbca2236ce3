// Owners: the keys and addresses (auth::Principal::share_owner()) that one multiplexer works for,
// and how much each holds of the limits that all of them share (util/shares.hpp). Sessions and
// calls keep a pointer to their owner, so that a call needs no look-up. Owned by Multiplexer;
// outlives everything that it accounts for. Loop thread only.
#pragma once

#include <algorithm>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "util/shares.hpp"

namespace sidecar::mux {

class Owners;

struct Owner {
  Owner(std::string_view its_name, Owners& owners);

  const std::string name;
  Shares::Holding calls;    // in flight
  Shares::Holding work;     // `calls`, and withdrawn calls that the child may still work on
  Shares::Holding waiting;  // bytes that wait for the child to read
  Shares::Holding kept;     // bytes of calls that may be repeated
  std::size_t uses = 0;     // pointers to it
};

inline void intrusive_ptr_add_ref(Owner* owner) { ++owner->uses; }
inline void intrusive_ptr_release(Owner* owner) { --owner->uses; }
using OwnerPtr = boost::intrusive_ptr<Owner>;

class Owners {
 public:
  static constexpr std::size_t kKeptBytes = 16 << 20;
  static constexpr std::size_t kSubscriptionBytes = 64 << 20;
  static constexpr std::size_t kTasks = 4096;
  static constexpr std::size_t kUrlElicitations = 1024;

  // `tombstones`: withdrawn calls that may still be worked on, in addition to calls in flight.
  Owners(std::size_t most_calls, std::size_t tombstones, std::size_t waiting_bytes)
      : calls(most_calls), work(most_calls + tombstones), waiting(waiting_bytes) {}

  OwnerPtr get(std::string_view name) {
    if (const auto found = all_.find(name); found != all_.end()) return &found->second;
    if (all_.size() >= clear_at_) {
      std::erase_if(all_, [](const auto& entry) { return entry.second.uses == 0; });
      clear_at_ = std::max(kMin, 2 * all_.size());
    }
    return &all_.try_emplace(std::string(name), name, *this).first->second;
  }
  std::size_t size() const { return all_.size(); }

  // Whether `holding` may grow by `more`. While it may not and another owner has to release
  // something, calls evict_idle(that owner), which ends one of its things or returns false if there
  // is none. evict_idle may call back into the multiplexer: meanwhile `more` counts as held.
  template <class EvictIdle>
  bool make_room(Shares& shares, Shares::Holding& holding, std::size_t more, EvictIdle evict_idle) {
    holding.set(holding.amount() + more);
    Shares::Admission admission = shares.admit(holding, 0);
    while (!admission.fits && admission.from && evict_idle(*get(*admission.from)))
      admission = shares.admit(holding, 0);
    holding.set(holding.amount() - more);
    return admission.fits;
  }

  Shares calls;
  Shares work;
  Shares waiting;
  Shares kept{kKeptBytes};
  Shares subscriptions{kSubscriptionBytes};  // bytes
  Shares tasks{kTasks};
  Shares url_elicitations{kUrlElicitations};

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  // Unused owners are kept up to this number, because most of them return.
  static constexpr std::size_t kMin = 256;

  std::unordered_map<std::string, Owner, Hash, std::equal_to<>> all_;
  std::size_t clear_at_ = kMin;
};

inline Owner::Owner(std::string_view its_name, Owners& owners)
    : name(its_name),
      calls(owners.calls.hold(name)),
      work(owners.work.hold(name)),
      waiting(owners.waiting.hold(name)),
      kept(owners.kept.hold(name)) {}

}  // namespace sidecar::mux
