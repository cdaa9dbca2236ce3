#include "mux/subscriptions.hpp"

namespace sidecar::mux {

bool Subscriptions::has(std::string_view uri, ClientId client) const {
  const auto found = by_uri_.find(uri);
  return found != by_uri_.end() && found->second.contains(client);
}

bool Subscriptions::wanted_by_other(std::string_view uri, ClientId client) const {
  const auto found = by_uri_.find(uri);
  return found != by_uri_.end() && found->second.size() > found->second.count(client);
}

std::size_t Subscriptions::count(ClientId client) const {
  const auto found = by_client_.find(client);
  return found == by_client_.end() ? 0 : found->second.size();
}

std::vector<std::string> Subscriptions::of(ClientId client) const {
  const auto found = by_client_.find(client);
  if (found == by_client_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

void Subscriptions::add(std::string_view uri, ClientId client) {
  by_uri_[std::string(uri)].insert(client);
  by_client_[client].emplace(uri);
}

bool Subscriptions::remove(std::string_view uri, ClientId client) {
  const auto found = by_uri_.find(uri);
  if (found == by_uri_.end() || found->second.erase(client) == 0) return false;
  const auto uris = by_client_.find(client);
  uris->second.erase(uris->second.find(uri));
  if (uris->second.empty()) by_client_.erase(uris);
  if (!found->second.empty()) return false;
  by_uri_.erase(found);
  return true;
}

std::vector<std::string> Subscriptions::remove_all(ClientId client) {
  std::vector<std::string> unwanted;
  const auto uris = by_client_.find(client);
  if (uris == by_client_.end()) return unwanted;
  for (const std::string& uri : std::set(uris->second)) {
    if (remove(uri, client)) unwanted.push_back(uri);
  }
  return unwanted;
}

std::vector<ClientId> Subscriptions::subscribers(std::string_view uri) const {
  if (const auto exact = by_uri_.find(uri); exact != by_uri_.end())
    return {exact->second.begin(), exact->second.end()};
  std::set<ClientId> clients;
  for (std::size_t slash = uri.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = uri.rfind('/', slash - 1)) {
    for (const std::string_view whole : {uri.substr(0, slash), uri.substr(0, slash + 1)}) {
      if (const auto found = by_uri_.find(whole); found != by_uri_.end())
        clients.insert(found->second.begin(), found->second.end());
    }
  }
  return {clients.begin(), clients.end()};
}

std::vector<std::string> Subscriptions::uris() const {
  std::vector<std::string> all;
  for (const auto& [uri, clients] : by_uri_) all.push_back(uri);
  return all;
}

}  // namespace sidecar::mux
