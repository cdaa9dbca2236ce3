#include "endpoints/rest/kept_lists.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace sidecar::endpoints {
namespace {

void give(const ToolListPtr& list, Listed done) {
  list->when_read([list, done = std::move(done)] { done(list); });
}

void append(std::string& text, const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) text += fmt::format("{}:{}", pattern.size(), pattern);
  text += ';';
}

}  // namespace

std::string KeptLists::rules_of(const observe::Caller& caller) {
  if (!caller.restricted()) return {};
  std::string text = "restricted";
  for (const auto& each : caller.permissions) {
    if (each->tools.empty() && !each->read_only) continue;
    text += each->read_only ? ";r" : ";";
    append(text, each->tools.allow);
    append(text, each->tools.deny);
  }
  return text;
}

KeptLists::EntryPtr KeptLists::find(const std::string& rules) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&rules](const EntryPtr& each) { return each->rules == rules; });
  if (found == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return entries_.front();
}

bool KeptLists::knows(const std::string& rules, std::uint64_t version) {
  const EntryPtr entry = find(rules);
  return entry != nullptr && std::find(entry->versions.begin(), entry->versions.end(), version) !=
                                 entry->versions.end();
}

void KeptLists::get(const std::string& rules, Listed done) {
  const EntryPtr entry = find(rules);
  trim();
  if (entry->list == nullptr) return entry->waiting.push_back(std::move(done));
  give(entry->list, std::move(done));
}

KeptLists::EntryPtr KeptLists::expect(const std::string& rules, std::uint64_t version) {
  const EntryPtr old = find(rules);
  auto entry = std::make_shared<Entry>(Entry{rules, version});
  if (old != nullptr) {
    entry->before = old->list != nullptr ? old->list : old->before;
    entry->versions = old->versions;
    entries_.pop_front();
  }
  if (version != 0) entry->versions.push_back(version);
  if (entry->versions.size() > kMaxVersions) entry->versions.erase(entry->versions.begin());
  entries_.push_front(entry);
  return entry;
}

void KeptLists::keep(EntryPtr expected, std::uint64_t version, std::vector<std::string> tools,
                     Listed done) {
  const auto fits = [&tools](const ToolListPtr& list) {
    return list != nullptr && list->directory().texts() == tools;
  };
  ToolListPtr list = std::exchange(expected->before, nullptr);
  // Others may have read the pages meanwhile, or be reading them still.
  const EntryPtr newest = find(expected->rules);
  if (!fits(list) && newest != nullptr) list = newest->list;
  if (!fits(list)) {
    list = std::make_shared<ToolList>(slices_, std::move(tools));
    list->read();
    expected->versions = {expected->version};
  }
  if (version == 0) std::erase(expected->versions, expected->version);
  if (newest != nullptr && newest != expected && newest->list == nullptr) newest->before = list;
  expected->list = list;
  expected->waiting.push_back(std::move(done));
  for (Listed& each : std::exchange(expected->waiting, {})) give(list, std::move(each));
  trim();
}

void KeptLists::fail(const EntryPtr& expected, const mux::Answer& why) {
  expected->versions.clear();
  expected->list = std::exchange(expected->before, nullptr);
  if (expected->list == nullptr) std::erase(entries_, expected);
  for (const Listed& each : std::exchange(expected->waiting, {})) each(tl::unexpected(why));
}

void KeptLists::trim() {
  std::size_t count = 0, bytes = 0;
  for (auto entry = entries_.begin(); entry != entries_.end(); ++count) {
    bytes += (*entry)->list != nullptr ? (*entry)->list->bytes() : 0;
    const bool beyond = count >= kMaxLists || bytes > kMaxBytes;
    entry = beyond && count > 0 ? entries_.erase(entry) : std::next(entry);
  }
}

}  // namespace sidecar::endpoints
