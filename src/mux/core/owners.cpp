#include "mux/core/owners.hpp"

#include <algorithm>

namespace sidecar::mux {

Owner::Owner(std::string_view its_name, Owners& owners)
    : name(its_name),
      calls(owners.calls.hold(name)),
      work(owners.work.hold(name)),
      waiting(owners.waiting.hold(name)),
      kept(owners.kept.hold(name)) {}

OwnerPtr Owners::get(std::string_view name) {
  if (const auto found = all_.find(name); found != all_.end()) return &found->second;
  if (all_.size() >= clear_at_) {
    std::erase_if(all_, [](const auto& entry) { return entry.second.uses == 0; });
    clear_at_ = std::max(kMin, 2 * all_.size());
  }
  return &all_.try_emplace(std::string(name), name, *this).first->second;
}

}  // namespace sidecar::mux
