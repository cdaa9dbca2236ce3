// ListCache: results of tools/list and its kin, kept while the child promises to say when they
// change, and who waits for one that is being fetched: requests for the same list share one call
// (single flight). MCP 2025-11-25, Tools (Resources, Prompts), List Changed Notification. Owned by
// Multiplexer. Loop thread only. Beyond kMaxBytes or kMaxLists the longest unused page goes that a
// cursor was asked for, so that made-up cursors do not push out first pages; a first page goes only
// for another one. What callers of some rules see of a list (mux/list_view.hpp) is kept with it;
// beyond kMaxViewBytes or kMaxViews the longest unused view goes.
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

  // The name under which a request's result is kept: method and cursor. Nothing when its params, or
  // _meta in them, hold anything else that could change the result: a tenant, for example.
  static std::optional<std::string> key(const jsonrpc::Message& request);
  // The capability that promises to tell of changes: "tools" of "tools/list".
  static std::string_view capability(std::string_view method) {
    return method.substr(0, method.find('/'));
  }

  // The result's raw bytes; nullptr: not known.
  KeptText find(const std::string& key);

  // What callers of these rules see of it; nullptr: not known.
  KeptText find_view(const std::string& key, const std::string& rules);
  // `view` was made of `list`. It is kept if that is still the list, and there is room for it.
  void keep_view(const std::string& key, const KeptText& list, const std::string& rules,
                 KeptText view);

  // True: the call fetches the list. False: another one does, and this one waits for it.
  bool lead_or_wait(const std::string& key, WireId id);
  // The fetching call got `result`: it is kept if no change came meanwhile. Returns whether it is.
  bool store(const std::string& key, WireId id, std::string_view result);
  // A call has ended. If it was the fetching one: who waited for it, to be placed anew.
  std::vector<WireId> leave(const std::string& key, WireId id);

  // Forgets the lists of one capability; one that is being fetched is passed on and not kept.
  void changed(std::string_view capability);
  // Forgets all, also who fetches and who waits.
  void clear();

 private:
  struct Flight {
    WireId leader = 0;
    std::vector<WireId> waiting;
    bool stale = false;
  };
  struct View {
    KeptText text;
    std::size_t bytes = 0;  // a view that is the whole list has none but its rules'
    std::uint64_t used = 0;
  };
  struct Kept {
    KeptText result;
    std::uint64_t used = 0;               // rises with every use
    std::map<std::string, View> views{};  // by rules
  };
  using Lists = std::map<std::string, Kept>;

  // Whether there is room now for `more` bytes of the list `key`.
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
