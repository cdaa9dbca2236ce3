#include "mux/features/server_request_table.hpp"

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

PeerId ServerRequestTable::open(ServerRequest request) {
  const PeerId id = ids_.next_peer++;
  by_due_.emplace(request.due, id);
  requests_.emplace(id, std::move(request));
  return id;
}

const ServerRequest* ServerRequestTable::find(PeerId id, ClientId client) const {
  const auto found = requests_.find(id);
  return found != requests_.end() && found->second.client == client ? &found->second : nullptr;
}

std::optional<PeerId> ServerRequestTable::find_child_id(std::string_view child_id) const {
  for (const auto& [id, request] : requests_) {
    if (request.child_id == child_id) return id;
  }
  return std::nullopt;
}

std::optional<ServerRequest> ServerRequestTable::close(PeerId id) {
  auto node = requests_.extract(id);
  if (node.empty()) return std::nullopt;
  by_due_.erase({node.mapped().due, id});
  return std::move(node.mapped());
}

std::vector<PeerId> ServerRequestTable::of_client(ClientId client) const {
  return ids_of(requests_,
                [client](const ServerRequest& request) { return request.client == client; });
}

std::vector<PeerId> ServerRequestTable::all() const {
  return ids_of(requests_, [](const ServerRequest&) { return true; });
}

std::optional<Clock::time_point> ServerRequestTable::earliest_due() const {
  if (by_due_.empty()) return std::nullopt;
  return by_due_.begin()->first;
}

std::vector<PeerId> ServerRequestTable::expired(Clock::time_point now) const {
  return ids_of(requests_, [now](const ServerRequest& request) { return request.due <= now; });
}

void UrlElicitations::add(std::string id, ClientId client, Shares::Holding share) {
  if (this->client(id)) return;
  share.set(1);
  all_.push_back({std::move(id), client, std::move(share)});
}

std::optional<ClientId> UrlElicitations::client(const std::string& id) const {
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [&id](const Elicitation& each) { return each.id == id; });
  if (found == all_.end()) return std::nullopt;
  return found->client;
}

bool UrlElicitations::forget_oldest_of(std::string_view owner) {
  const auto oldest = std::find_if(all_.begin(), all_.end(), [owner](const Elicitation& each) {
    return each.share.owner() == owner;
  });
  if (oldest == all_.end()) return false;
  all_.erase(oldest);
  return true;
}

}  // namespace sidecar::mux
