// SubscriptionTable: which clients subscribed to which resource. The child holds at most one
// subscription for a URI, however many clients share it. MCP 2025-11-25, Resources, Subscriptions.
// The owner bounds it: see count() and bytes(). Owned by Subscriptions. Loop thread only.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mux/core/call.hpp"

namespace sidecar::mux {

class SubscriptionTable {
 public:
  bool wanted(std::string_view uri) const { return by_uri_.contains(uri); }
  bool has(std::string_view uri, ClientId client) const;
  bool wanted_by_other(std::string_view uri, ClientId client) const;
  std::size_t count(ClientId client) const;
  std::vector<std::string> of(ClientId client) const;
  // What the subscriptions of a client hold in memory, and what one more would.
  std::size_t bytes(ClientId client) const;
  static std::size_t bytes_of(std::string_view uri) { return uri.size() + kEntryBytes; }

  void add(std::string_view uri, ClientId client);
  // True: nobody wants this resource any more, and somebody had.
  bool remove(std::string_view uri, ClientId client);
  // Returns the resources that nobody wants any more.
  std::vector<std::string> remove_all(ClientId client);

  // Who hears of a change of `uri`: its subscribers; with none, those of what it is part of (the
  // updated one may be a sub-resource of the one that was subscribed to).
  std::vector<ClientId> subscribers(std::string_view uri) const;
  // The first URI that is not before `from`.
  std::optional<std::string> next(std::string_view from) const;
  // One of those of a client; nothing: it has none.
  std::optional<std::string> any(ClientId client) const;

 private:
  // nodes of the trees, and what the heap adds to them
  static constexpr std::size_t kEntryBytes = 256;

  struct OfClient {
    std::set<std::string_view> uris;  // keys of by_uri_
    std::size_t bytes = 0;
  };
  std::map<std::string, std::set<ClientId>, std::less<>> by_uri_;
  std::unordered_map<ClientId, OfClient> by_client_;
};

}  // namespace sidecar::mux
