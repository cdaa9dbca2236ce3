#include "endpoints/rest/kept_lists.hpp"

#include <algorithm>
#include <utility>

namespace sidecar::endpoints {
namespace {

void give(const ToolListPtr& list, Listed done) {
  list->when_read([list, done = std::move(done)] { done(list); });
}

}  // namespace

KeptLists::Entry* KeptLists::find(const std::string& rules) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&rules](const Entry& each) { return each.rules == rules; });
  if (found == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return &entries_.front();
}

bool KeptLists::knows(const std::string& rules, std::uint64_t version) {
  const Entry* entry = find(rules);
  return entry != nullptr && std::find(entry->versions.begin(), entry->versions.end(), version) !=
                                 entry->versions.end();
}

void KeptLists::get(const std::string& rules, Listed done) {
  give(find(rules)->list, std::move(done));
}

void KeptLists::keep(const std::string& rules, const std::string& owner, Versions versions,
                     std::vector<std::string> tools, Listed done) {
  Entry* entry = find(rules);
  if (entry == nullptr) {
    entries_.push_front({rules, nullptr});
    entry = &entries_.front();
  }
  if (entry->list == nullptr || entry->list->directory().texts() != tools) {
    entry->list = std::make_shared<ToolList>(slices_, owner, std::move(tools), idle_);
    entry->versions.clear();
    made_.push_back(entry->list);
    entry->list->read();
  }
  std::erase(entry->versions, versions.first);
  if (versions.all != 0) entry->versions.push_back(versions.all);
  if (entry->versions.size() > kMaxVersions) entry->versions.erase(entry->versions.begin());
  const ToolListPtr list = entry->list;
  trim();
  give(list, std::move(done));
}

std::size_t KeptLists::busy() const {
  return static_cast<std::size_t>(std::count_if(made_.begin(), made_.end(), [](const auto& each) {
    const ToolListPtr list = each.lock();
    return list != nullptr && list->busy();
  }));
}

std::size_t KeptLists::busy_bytes() const {
  std::size_t bytes = 0;
  for (const auto& each : made_) {
    const ToolListPtr list = each.lock();
    if (list != nullptr && list->busy()) bytes += list->bytes();
  }
  return bytes;
}

void KeptLists::trim() {
  std::size_t count = 0, bytes = 0;
  for (auto entry = entries_.begin(); entry != entries_.end(); ++count) {
    bytes += entry->list->bytes();
    const bool beyond = count >= kMaxLists || bytes > kMaxBytes;
    entry = beyond && count > 0 ? entries_.erase(entry) : std::next(entry);
  }
  std::erase_if(made_, [](const auto& each) { return each.expired(); });
}

}  // namespace sidecar::endpoints
