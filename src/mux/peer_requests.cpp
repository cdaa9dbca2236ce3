#include "mux/peer_requests.hpp"

#include <algorithm>

namespace sidecar::mux {
namespace {

template <class Requests, class Wanted>
std::vector<PeerId> ids_of(const Requests& requests, Wanted wanted) {
  std::vector<PeerId> ids;
  for (const auto& [id, request] : requests) {
    if (wanted(request)) ids.push_back(id);
  }
  return ids;
}

}  // namespace

PeerId PeerRequests::open(PeerRequest request) {
  const PeerId id = numbers_.next_peer++;
  requests_.emplace(id, std::move(request));
  return id;
}

const PeerRequest* PeerRequests::find(PeerId id, ClientId client) const {
  const auto found = requests_.find(id);
  return found != requests_.end() && found->second.client == client ? &found->second : nullptr;
}

std::optional<PeerId> PeerRequests::find_child_id(std::string_view child_id) const {
  for (const auto& [id, request] : requests_) {
    if (request.child_id == child_id) return id;
  }
  return std::nullopt;
}

std::optional<PeerRequest> PeerRequests::close(PeerId id) {
  auto node = requests_.extract(id);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

std::vector<PeerId> PeerRequests::of_client(ClientId client) const {
  return ids_of(requests_, [client](const PeerRequest& request) { return request.client == client; });
}

std::vector<PeerId> PeerRequests::all() const {
  return ids_of(requests_, [](const PeerRequest&) { return true; });
}

std::optional<Clock::time_point> PeerRequests::earliest_due() const {
  std::optional<Clock::time_point> earliest;
  for (const auto& [id, request] : requests_)
    earliest = std::min(earliest.value_or(request.due), request.due);
  return earliest;
}

std::vector<PeerId> PeerRequests::expired(Clock::time_point now) const {
  return ids_of(requests_, [now](const PeerRequest& request) { return request.due <= now; });
}

void UrlElicitations::add(std::string id, ClientId client) {
  if (!owners_.emplace(id, client).second) return;  // it stays with the first
  oldest_.push_back(std::move(id));
  if (oldest_.size() <= kMost) return;
  owners_.erase(oldest_.front());
  oldest_.pop_front();
}

std::optional<ClientId> UrlElicitations::owner(const std::string& id) const {
  const auto found = owners_.find(id);
  if (found == owners_.end()) return std::nullopt;
  return found->second;
}

void UrlElicitations::clear() {
  owners_.clear();
  oldest_.clear();
}

}  // namespace sidecar::mux
