// ListCache: results of tools/list and the other lists, kept if the child promises to report
// changes, and the calls that wait for a list: calls for the same list share one fetch (single
// flight). MCP 2025-11-25, Tools (Resources, Prompts), List Changed Notification. Owned by
// Multiplexer. Loop thread only.
//
// Beyond kMaxBytes or kMaxLists the least recently used page with a cursor is evicted, so made-up
// cursors do not evict first pages; a first page is evicted only for another first page. The views
// of a list (mux/core/list_view.hpp) are kept with it; beyond kMaxViewBytes or kMaxViews the least
// recently used view is evicted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jsonrpc/message.hpp"
#include "mux/core/call.hpp"
#include "mux/core/list_view.hpp"

namespace sidecar::mux {

class ListCache {
 public:
  static constexpr std::size_t kMaxBytes = 16 << 20;
  static constexpr std::size_t kMaxLists = 256;
  static constexpr std::size_t kMaxViewBytes = 16 << 20;
  static constexpr std::size_t kMaxViews = 256;

  // The key of a request's result: method and cursor. nullopt: the params, or their _meta, have
  // another member that could change the result, such as a tenant.
  static std::optional<std::string> key(const jsonrpc::Message& request);
  // The capability that covers changes of the list: "tools" for "tools/list".
  static std::string_view capability(std::string_view method) {
    return method.substr(0, method.find('/'));
  }

  // The raw bytes of the result; nullptr: not kept.
  KeptText find(const std::string& key);

  // The view of callers with these rules; nullptr: not kept.
  KeptText find_view(const std::string& key, const std::string& rules);
  // `view` was made from `list`. It is kept if `list` is still the kept one and there is room.
  void keep_view(const std::string& key, const KeptText& list, const std::string& rules,
                 KeptText view);

  // True: the call must fetch the list. False: another call does; this one waits for it.
  bool lead_or_wait(const std::string& key, WireId id);
  // Takes the result of a fetch. Returns whether it is kept: it is not if a change was reported
  // meanwhile, or there is no room.
  bool store(const std::string& key, WireId id, std::string_view result);
  // A call has ended. If it was the fetching one: returns the calls that waited for it, which the
  // caller must start again.
  std::vector<WireId> leave(const std::string& key, WireId id);

  // Drops the lists of one capability. A list that is being fetched is passed on and not kept.
  void changed(std::string_view capability);
  // Drops all lists, fetching calls and waiting calls.
  void clear();

 private:
  struct Flight {
    WireId leader = 0;
    std::vector<WireId> waiting;
    bool stale = false;
  };
  struct View {
    KeptText text;
    std::size_t bytes = 0;  // of the rules, and of the text if it is not the list's own
    std::uint64_t used = 0;
  };
  struct Kept {
    KeptText result;
    std::uint64_t used = 0;               // larger for later uses
    std::map<std::string, View> views{};  // by rules
  };
  using Lists = std::map<std::string, Kept>;

  // Evicts lists until `more` bytes of the list `key` fit. False: they cannot.
  bool make_room(const std::string& key, std::size_t more);
  Lists::iterator erase(Lists::iterator list);
  void erase_oldest_view();

  Lists lists_;
  std::uint64_t next_use_ = 0;
  std::map<std::string, Flight> flights_;
  std::size_t bytes_ = 0;
  std::size_t views_ = 0;
  std::size_t view_bytes_ = 0;
};

}  // namespace sidecar::mux
