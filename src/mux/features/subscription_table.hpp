// SubscriptionTable: the subscribers of each resource. The child holds at most one subscription for
// a URI, shared by all of its subscribers. MCP 2025-11-25, Resources, Subscriptions. Subscriptions
// owns it and bounds it: see count() and bytes(). Loop thread only.
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
  // Memory of a client's subscriptions, and of one subscription.
  std::size_t bytes(ClientId client) const;
  static std::size_t bytes_of(std::string_view uri) { return uri.size() + kEntryBytes; }

  void add(std::string_view uri, ClientId client);
  // True: the last subscription to this resource was removed.
  bool remove(std::string_view uri, ClientId client);
  // Returns the resources that have no subscriber any more.
  std::vector<std::string> remove_all(ClientId client);

  // The clients that get an update of `uri`: its subscribers or, if it has none, those of resources
  // that contain it, because an updated resource may be a sub-resource of a subscribed one.
  std::vector<ClientId> subscribers(std::string_view uri) const;
  // The first URI not less than `from`; nullopt: there is none.
  std::optional<std::string> next(std::string_view from) const;
  // Any URI of the client; nullopt: it has none.
  std::optional<std::string> any(ClientId client) const;

 private:
  // Tree nodes of one entry, with the overhead of the heap.
  static constexpr std::size_t kEntryBytes = 256;

  struct OfClient {
    std::set<std::string_view> uris;  // keys of by_uri_
    std::size_t bytes = 0;
  };
  std::map<std::string, std::set<ClientId>, std::less<>> by_uri_;
  std::unordered_map<ClientId, OfClient> by_client_;
};

}  // namespace sidecar::mux
