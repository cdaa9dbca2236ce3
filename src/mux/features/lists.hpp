// Lists: answers tools/list and the other lists from memory while the child promises to report
// changes; calls for the same list share one fetch. A long list is answered in slices of the loop,
// in which owners take turns. Remembers the tools whose calls may be repeated.
// MCP 2025-11-25, Tools (Resources, Prompts), List Changed Notification; Tools, Tool annotations.
// Owned by Multiplexer. Loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "mux/core/feature.hpp"
#include "mux/core/list_view.hpp"
#include "mux/features/list_cache.hpp"
#include "util/slices.hpp"

namespace sidecar::mux {

// The tools whose calls may be repeated if the child died during the call: those that the server
// annotates as read-only or idempotent. Taken from every result of `tools/list`.
class ToolHints {
 public:
  static constexpr std::size_t kMax = 10'000;  // tools; later ones are not repeatable

  // `result`: of a tools/list, in `text`. `first_page`: the tools known before are dropped.
  void learn(const std::string& text, jsonrpc::Span result, bool first_page);
  // `name`: as a JSON string token.
  bool repeatable(std::string_view name) const;
  void clear() { repeatable_.clear(); }

 private:
  std::unordered_set<std::string> repeatable_;  // unescaped names
};

class Lists : public Feature {
 public:
  // A cached list of at most this many bytes is answered within the call, a longer one in slices of
  // the loop.
  static constexpr std::size_t kAnsweredAtOnce = 32 << 10;
  // Bytes of a request. A longer one is passed on.
  static constexpr std::size_t kMaxCachedRequest = 4096;

  Lists(Core& core, IdAllocator& ids) : Feature(core), ids_(ids), answering_(core.timers()) {}

  // Call::subject becomes the key of the list in the cache; empty: it is not cached.
  std::optional<Answer> on_request(ClientId client, jsonrpc::Message& message, Call& call) override;
  bool takes_over(WireId id, Call& call) override;
  void on_result(WireId id, Call& call, Answer& answer) override;
  void on_end(WireId id, const std::string& subject) override;
  bool on_child_notification(const jsonrpc::Message& message) override;
  void permissions_changed() override { report_changes(); }
  void child_gone() override;
  void migrate_to(Feature& successor) override;

  // The child is ready for its clients' calls. Clients of an earlier process have seen its lists.
  void lists_may_differ();
  // The client has seen the lists of a process of an earlier sidecar.
  void were_seen_by(ClientId client);
  // Whether a tool's call may be repeated. `name`: as a JSON string token.
  bool repeatable_tool(std::string_view name) const { return tools_.repeatable(name); }

 private:
  // A caller's view of a cached list, built in slices.
  struct Making {
    KeptText list;
    std::string rules;
    std::unique_ptr<ListView::Making> view;
  };

  bool cached(const Call& call) const;
  void answer_from_memory(WireId id, Call& call);
  std::size_t answer_in_slices(WireId id, std::unique_ptr<Making>& making);
  std::size_t answer(WireId id, const Call& call, const std::string& list, bool filtered);
  std::uint64_t version_of(std::string_view method);
  // To one client, or to all.
  void report_changes(std::optional<ClientId> only = {});

  IdAllocator& ids_;
  ListCache cache_;
  // By capability: Answer::list_version of its lists. No entry: no list is cached.
  std::map<std::string, std::uint64_t, std::less<>> versions_;
  Slices answering_;
  ToolHints tools_;
  // A process was ready, so clients may have seen its lists.
  bool was_ready_ = false;
};

}  // namespace sidecar::mux
