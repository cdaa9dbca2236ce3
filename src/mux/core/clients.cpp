#include "mux/core/clients.hpp"

#include <algorithm>

namespace sidecar::mux {

void Clients::set_profile(ClientId id, ClientProfile profile) {
  if (const auto entry = entries_.find(id); entry != entries_.end())
    entry->second.profile = std::move(profile);
}

const ClientEntry* Clients::find(ClientId id) const {
  const auto entry = entries_.find(id);
  return entry == entries_.end() ? nullptr : &entry->second;
}

bool Clients::one_owner() const {
  return !entries_.empty() &&
         std::all_of(entries_.begin(), entries_.end(), [this](const auto& each) {
           return each.second.owner == entries_.begin()->second.owner;
         });
}

std::optional<MessageOrigin> Clients::certain_origin() const {
  if (role_.dedicated) {
    if (entries_.empty()) return std::nullopt;
    return origin(entries_.begin()->first);
  }
  const auto client = calls_.sole_origin();
  if (!client) return std::nullopt;
  return origin(*client);
}

MessageOrigin Clients::origin(ClientId client) const {
  const auto call = calls_.sole_call(client);
  return {client, call ? calls_.find(*call) : nullptr};
}

void Clients::deliver(MessageOrigin origin, std::string text) const {
  if (origin.call != nullptr && origin.call->reply.takes_messages())
    return origin.call->reply.message(std::move(text));
  tell(origin.client, std::move(text));
}

void Clients::tell(ClientId client, std::string text) const {
  if (const ClientEntry* entry = find(client)) entry->client->on_message(std::move(text));
}

std::vector<ClientId> Clients::ids() const {
  std::vector<ClientId> ids;
  ids.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) ids.push_back(id);
  return ids;
}

}  // namespace sidecar::mux
