// ServerRequestTable: server requests that clients have not answered yet. Clients get them under
// ids of the sidecar, because a restarted child reuses its own ids. ServerRequests owns it and
// bounds it: see count(). Loop thread only.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mux/core/call.hpp"
#include "util/shares.hpp"
#include "util/timers.hpp"

namespace sidecar::mux {

struct ServerRequest {
  ClientId client = kNoClient;
  std::string child_id;  // token, as the child wrote it
  std::string method;
  std::string progress_token;  // as the child wrote it; empty: none
  std::string elicitation;     // params.elicitationId, of an elicitation by URL
  std::vector<WireId> pauses;  // calls that are paused until the answer
  Clock::time_point asked;
  Clock::time_point due;
};

class ServerRequestTable {
 public:
  explicit ServerRequestTable(IdAllocator& ids) : ids_(ids) {}

  PeerId next_id() const { return ids_.next_peer; }
  PeerId open(ServerRequest request);
  // nullptr: this client has no such request.
  const ServerRequest* find(PeerId id, ClientId client) const;
  std::optional<PeerId> find_child_id(std::string_view child_id) const;
  std::optional<ServerRequest> close(PeerId id);

  std::vector<PeerId> of_client(ClientId client) const;
  std::vector<PeerId> all() const;
  std::size_t count(ClientId client) const { return of_client(client).size(); }
  std::size_t size() const { return requests_.size(); }
  std::optional<Clock::time_point> earliest_due() const;
  std::vector<PeerId> expired(Clock::time_point now) const;

 private:
  IdAllocator& ids_;
  std::map<PeerId, ServerRequest> requests_;
  std::set<std::pair<Clock::time_point, PeerId>> by_due_;
};

// UrlElicitations: the client of each elicitation by URL, because the child may report long after
// the answer that it is complete. MCP 2025-11-25, Elicitation, URL mode. The caller bounds it: see
// Owners::url_elicitations.
class UrlElicitations {
 public:
  static constexpr std::size_t kMaxId = 4096;  // bytes; a longer one is not stored

  // `share`: of the client's owner; set to 1. A known id stays with its first client.
  void add(std::string id, ClientId client, Shares::Holding share);
  std::optional<ClientId> client(const std::string& id) const;
  // False: the owner has none.
  bool forget_oldest_of(std::string_view owner);
  void clear() { all_.clear(); }

 private:
  struct Elicitation {
    std::string id;
    ClientId client;
    Shares::Holding share;
  };
  std::list<Elicitation> all_;  // oldest first
};

}  // namespace sidecar::mux
