#include "mux/features/subscription_table.hpp"

namespace sidecar::mux {

bool SubscriptionTable::has(std::string_view uri, ClientId client) const {
  const auto found = by_uri_.find(uri);
  return found != by_uri_.end() && found->second.contains(client);
}

bool SubscriptionTable::wanted_by_other(std::string_view uri, ClientId client) const {
  const auto found = by_uri_.find(uri);
  return found != by_uri_.end() && found->second.size() > found->second.count(client);
}

std::size_t SubscriptionTable::count(ClientId client) const {
  const auto found = by_client_.find(client);
  return found == by_client_.end() ? 0 : found->second.uris.size();
}

std::size_t SubscriptionTable::bytes(ClientId client) const {
  const auto found = by_client_.find(client);
  return found == by_client_.end() ? 0 : found->second.bytes;
}

std::vector<std::string> SubscriptionTable::of(ClientId client) const {
  const auto found = by_client_.find(client);
  if (found == by_client_.end()) return {};
  return {found->second.uris.begin(), found->second.uris.end()};
}

void SubscriptionTable::add(std::string_view uri, ClientId client) {
  const auto wanted = by_uri_.try_emplace(std::string(uri)).first;
  if (!wanted->second.insert(client).second) return;
  OfClient& entry = by_client_[client];
  entry.uris.insert(wanted->first);
  entry.bytes += bytes_of(uri);
}

bool SubscriptionTable::remove(std::string_view uri, ClientId client) {
  const auto found = by_uri_.find(uri);
  if (found == by_uri_.end() || found->second.erase(client) == 0) return false;
  const auto entry = by_client_.find(client);
  entry->second.bytes -= bytes_of(uri);
  entry->second.uris.erase(found->first);
  if (entry->second.uris.empty()) by_client_.erase(entry);
  if (!found->second.empty()) return false;
  by_uri_.erase(found);
  return true;
}

std::vector<std::string> SubscriptionTable::remove_all(ClientId client) {
  std::vector<std::string> unwanted;
  while (auto uri = any(client)) {
    if (remove(*uri, client)) unwanted.push_back(*std::move(uri));
  }
  return unwanted;
}

std::optional<std::string> SubscriptionTable::any(ClientId client) const {
  const auto entry = by_client_.find(client);
  if (entry == by_client_.end()) return std::nullopt;
  return std::string(*entry->second.uris.begin());
}

std::vector<ClientId> SubscriptionTable::subscribers(std::string_view uri) const {
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

std::optional<std::string> SubscriptionTable::next(std::string_view from) const {
  const auto found = by_uri_.lower_bound(from);
  if (found == by_uri_.end()) return std::nullopt;
  return found->first;
}

}  // namespace sidecar::mux
