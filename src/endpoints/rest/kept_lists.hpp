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
#include "observe/caller.hpp"

namespace sidecar::endpoints {

using ToolListPtr = std::shared_ptr<ToolList>;
using Listed = std::function<void(const tl::expected<ToolListPtr, mux::Answer>&)>;

class KeptLists {
 public:
  static constexpr std::size_t kMaxLists = 32;
  // with their documents; the one used last always stays
  static constexpr std::size_t kMaxBytes = 64 << 20;

  // A list of some rules: here, or being read.
  struct Entry {
    std::string rules;
    std::uint64_t version = 0;  // mux::Answer::list_version of the pages; 0: none
    // all that are this list: each shared process has its own
    std::vector<std::uint64_t> versions{};
    ToolListPtr list{};    // null while its pages are read
    ToolListPtr before{};  // what it may turn out to be still
    std::vector<Listed> waiting{};
  };
  using EntryPtr = std::shared_ptr<Entry>;

  explicit KeptLists(Slices& slices) : slices_(slices) {}

  // What decides which tools a caller sees, as a text.
  static std::string rules_of(const observe::Caller& caller);

  bool knows(const std::string& rules, std::uint64_t version);
  // REQUIRES: knows() of its version a moment ago.
  void get(const std::string& rules, Listed done);

  // The caller reads the pages of this version, and ends that with keep() or fail().
  EntryPtr expect(const std::string& rules, std::uint64_t version);
  // `version`: of all pages; 0: they have none in common. Equal tools are the list that is here
  // already.
  void keep(EntryPtr expected, std::uint64_t version, std::vector<std::string> tools, Listed done);
  void fail(const EntryPtr& expected, const mux::Answer& why);

 private:
  // of one list; beyond: the oldest is read once more
  static constexpr std::size_t kMaxVersions = 16;

  EntryPtr find(const std::string& rules);
  void trim();

  Slices& slices_;
  std::list<EntryPtr> entries_;  // the one used last first
};

}  // namespace sidecar::endpoints
