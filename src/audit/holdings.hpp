// Holdings: the bytes that each owner's records occupy in one bounded place (the queue, a file of
// the spool). The owner of a record is the caller's key, or its address without one. One thread at
// a time.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "util/shares.hpp"

namespace sidecar::audit {

class Holdings {
 public:
  // `shares` outlives the holdings.
  explicit Holdings(Shares& shares) : shares_(&shares) {}

  void add(std::string_view owner, std::size_t bytes) {
    auto found = held_.find(owner);
    if (found == held_.end()) found = held_.emplace(owner, shares_->hold(owner)).first;
    found->second.set(found->second.amount() + bytes);
  }
  // REQUIRES: the owner holds at least `bytes`.
  void remove(std::string_view owner, std::size_t bytes) {
    const auto found = held_.find(owner);
    found->second.set(found->second.amount() - bytes);
    if (found->second.amount() == 0) held_.erase(found);
  }
  void add(const Holdings& others) {
    for (const auto& [owner, holding] : others.held_) add(owner, holding.amount());
  }

 private:
  Shares* shares_;
  std::map<std::string, Shares::Holding, std::less<>> held_;
};

}  // namespace sidecar::audit
