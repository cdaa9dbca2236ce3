// KeptLists: the lists of tools that callers see, one for each set of rules that they are held to.
// Made once for all who ask while the server's list stays what it is; a newer one takes its place.
// Bounded in number and bytes: beyond that the ones that were not used for the longest time go.
// Loop thread only.
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
  // with their documents; the one used last always stays
  static constexpr std::size_t kMaxBytes = 64 << 20;

  // mux::Answer::list_version of the first page, and of all pages; 0: it has none, or they have
  // none in common.
  struct Versions {
    std::uint64_t first = 0;
    std::uint64_t all = 0;
  };

  // `idle`: called when a list has been read, or the last of the documents that were asked for has
  // been made.
  KeptLists(Slices& slices, std::function<void()> idle) : slices_(slices), idle_(std::move(idle)) {}

  // `rules`: what decides which tools a caller sees (session::list_rules()).
  bool knows(const std::string& rules, std::uint64_t version);
  // REQUIRES: knows() of its version a moment ago.
  void get(const std::string& rules, Listed done);
  // Equal tools are the list that is here already.
  void keep(const std::string& rules, const std::string& owner, Versions versions,
            std::vector<std::string> tools, Listed done);

  // Lists that are being read, or of which a document is being made, kept or not.
  std::size_t busy() const;
  std::size_t busy_bytes() const;
  // Drops what is beyond the bounds: lists grow by their documents.
  void trim();

 private:
  // of one list; beyond: the oldest is read once more
  static constexpr std::size_t kMaxVersions = 16;

  struct Entry {
    std::string rules;
    ToolListPtr list;
    // all that are this list: each shared process has its own
    std::vector<std::uint64_t> versions{};
  };

  Entry* find(const std::string& rules);

  Slices& slices_;
  const std::function<void()> idle_;
  std::list<Entry> entries_;                   // the one used last first
  std::vector<std::weak_ptr<ToolList>> made_;  // and not known to be gone
};

}  // namespace sidecar::endpoints
