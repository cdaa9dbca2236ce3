#include "http/connection_group.hpp"

#include <algorithm>

namespace sidecar::http {

void ConnectionGroup::add(Connection& connection, Place& place) {
  ++open_;
  place = {nullptr, &newcomers_, newcomers_.insert(newcomers_.end(), &connection)};
}

Connection* ConnectionGroup::surplus() const {
  const std::size_t left = limit_ - std::min(limit_, shares_.used());
  return newcomers_.size() > std::max(left, newcomers_on_top(limit_)) ? newcomers_.front()
                                                                      : nullptr;
}

ConnectionGroup::Admission ConnectionGroup::admit(const Place& place,
                                                  std::string_view owner) const {
  if (place.client != nullptr && place.client->share.owner() == owner) return {.fits = true};
  const Shares::Admission admission = shares_.admit(owner, 1);
  if (admission.fits) return {.fits = true};
  const auto found = clients_.find(admission.from ? *admission.from : std::string(owner));
  if (found == clients_.end()) return {};
  const Client& client = found->second;
  if (!client.resting.empty() && client.resting.front() != *place.at)
    return {.fits = true, .instead = client.resting.front()};
  // A busy connection (a stream, a request being handled) is closed only if its client holds more
  // than twice as many.
  const bool busy_goes = admission.from && client.share.amount() > 2 * (shares_.held_by(owner) + 1);
  if (busy_goes && !client.busy.empty() && client.busy.front() != *place.at)
    return {.fits = true, .instead = client.busy.front()};
  return {};
}

void ConnectionGroup::become(Place& place, std::string_view owner) {
  if (place.client == nullptr || place.client->share.owner() != owner) {
    Client* const before = place.client;
    const auto [client, added] = clients_.try_emplace(std::string(owner));
    if (added) client->second.share = shares_.hold(owner);
    place.client = &client->second;
    place.client->share.set(place.client->share.amount() + 1);
    move(place, place.client->busy);
    if (before != nullptr) forget_one(*before);
    return;
  }
  move(place, place.client->busy);
}

void ConnectionGroup::rest(Place& place) {
  if (place.client != nullptr && place.list != nullptr) move(place, place.client->resting);
}

void ConnectionGroup::leave_out(Place& place) {
  if (place.list == nullptr) return;
  place.list->erase(place.at);
  if (place.client != nullptr) forget_one(*place.client);
  place = {};
}

void ConnectionGroup::remove(Place& place) {
  leave_out(place);
  --open_;
}

void ConnectionGroup::move(Place& place, List& to) {
  to.splice(to.end(), *place.list, place.at);
  place.list = &to;
}

// One connection of the client closes or counts for another client now.
void ConnectionGroup::forget_one(Client& client) {
  if (client.share.amount() > 1) return client.share.set(client.share.amount() - 1);
  clients_.erase(clients_.find(client.share.owner()));
}

}  // namespace sidecar::http
