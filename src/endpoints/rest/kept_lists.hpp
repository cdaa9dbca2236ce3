// KeptLists: cached tool lists, one per set of rules that decide which tools a caller sees.
// A list is shared by all callers with its rules; when the server's tools change, a new list
// replaces it. Limits: kMaxLists and kMaxBytes; beyond them the least recently used are evicted.
// Owned by ListReadings; loop thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "endpoints/rest/tool_list.hpp"
#include "mux/core/call.hpp"

namespace sidecar::endpoints {

using ToolListPtr = std::shared_ptr<ToolList>;
using Listed = std::function<void(const tl::expected<ToolListPtr, mux::Answer>&)>;

class KeptLists {
 public:
  static constexpr std::size_t kMaxLists = 32;
  // Of the lists and their documents. The list used last is never evicted.
  static constexpr std::size_t kMaxBytes = 64 << 20;

  // mux::Answer::list_version of the pages of one list.
  struct Versions {
    std::uint64_t first = 0;  // of the first page; 0: none
    std::uint64_t all = 0;    // common to all pages; 0: none
  };

  // `idle`: called when a list is no longer busy: it is read and all requested documents are made.
  KeptLists(Slices& slices, std::function<void()> idle) : slices_(slices), idle_(std::move(idle)) {}

  // Whether a list for `rules` (session::list_rules()) with this version is cached.
  bool knows(const std::string& rules, std::uint64_t version);
  // REQUIRES: knows() has just returned true for these rules.
  void get(const std::string& rules, Listed done);
  // Caches a list. If `tools` equal those of the cached list, that list stays.
  void keep(const std::string& rules, const std::string& owner, Versions versions,
            std::vector<std::string> tools, Listed done);

  // Lists that are being read or have a document in the making, evicted ones included.
  std::size_t busy() const;
  std::size_t busy_bytes() const;
  // Evicts lists beyond the limits. Call it again after documents were made: lists grow by them.
  void trim();

 private:
  // Of one list. Beyond it the oldest version is forgotten, and its list is read once more.
  static constexpr std::size_t kMaxVersions = 16;

  struct Entry {
    std::string rules;
    ToolListPtr list;
    // All versions that have these tools: each shared process counts its own.
    std::vector<std::uint64_t> versions{};
  };

  Entry* find(const std::string& rules);

  Slices& slices_;
  const std::function<void()> idle_;
  std::list<Entry> entries_;                   // most recently used first
  std::vector<std::weak_ptr<ToolList>> made_;  // all lists that may still exist
};

}  // namespace sidecar::endpoints
