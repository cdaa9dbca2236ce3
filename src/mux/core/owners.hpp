// Owners: those on whose behalf one multiplexer works, and what each of them holds of the bounds
// that all of them share (util/shares.hpp). An owner is a key or an address:
// observe::Caller::share_owner(). Sessions and calls keep a pointer to theirs, so that a call looks
// nothing up. Owned by Multiplexer, and outlives what it keeps. Loop thread only.
#pragma once

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
  Shares::Holding work;     // these, and those withdrawn that the child may still work on
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

  // `tombstones`: calls that were withdrawn and may still be worked on, beyond those in flight.
  Owners(std::size_t most_calls, std::size_t tombstones, std::size_t waiting_bytes,
         std::size_t most_tasks, std::size_t elicitations_by_url)
      : calls(most_calls),
        work(most_calls + tombstones),
        waiting(waiting_bytes),
        tasks(most_tasks),
        url_elicitations(elicitations_by_url) {}

  OwnerPtr get(std::string_view name);
  std::size_t size() const { return all_.size(); }

  // Whether `holding` may grow by `more`. While it may not, and another owner has to give way,
  // evict_idle(that owner) ends something of its; false: there is nothing. What it calls back may
  // call in: meanwhile `more` counts as held.
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
  Shares tasks;
  Shares url_elicitations;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  // unused ones are kept until there are more: they come again
  static constexpr std::size_t kMin = 256;

  std::unordered_map<std::string, Owner, Hash, std::equal_to<>> all_;
  std::size_t clear_at_ = kMin;
};

}  // namespace sidecar::mux
