#include "http/connection_table.hpp"

#include <fmt/format.h>
#include <utility>

#include "http/connection.hpp"

namespace sidecar::http {
namespace {

constexpr std::string_view kAll = "connections";
constexpr std::string_view kOfAddress = "connections_per_address";

}  // namespace

ConnectionTable::ConnectionTable(std::size_t limit, std::string_view setting,
                                 std::size_t limit_per_address, observe::Metrics& metrics,
                                 Close close)
    : limit_(limit),
      setting_(setting),
      limit_per_address_(limit_per_address),
      metrics_(metrics),
      close_(std::move(close)),
      all_(limit) {}

void ConnectionTable::add(std::shared_ptr<Connection> added) {
  Connection& connection = *added;
  Places& places = connection.places();
  places.group =
      &by_address_.try_emplace(connection.peer_address(), limit_per_address_).first->second;
  places.group->add(connection, places.address);
  all_.add(connection, places.all);
  connections_.emplace(&connection, std::move(added));
  metrics_.connections_accepted.Increment();
  metrics_.connections.Set(static_cast<double>(connections_.size()));
  if (Connection* const oldest = places.group->surplus()) leave_out(*oldest, kOfAddress);
  if (Connection* const oldest = all_.surplus()) leave_out(*oldest, kAll);
}

void ConnectionTable::remove(Connection& connection) {
  Places& places = connection.places();
  all_.remove(places.all);
  places.group->remove(places.address);
  if (places.group->empty()) by_address_.erase(connection.peer_address());
  connections_.erase(&connection);
  metrics_.connections.Set(static_cast<double>(connections_.size()));
}

void ConnectionTable::close_newcomers() {
  for (std::size_t count = (all_.newcomers() + 1) / 2; count > 0; --count)
    leave_out(*all_.oldest_newcomer(), "no_descriptors");
}

std::optional<ConnectionTable::Refusal> ConnectionTable::admit(Connection& connection,
                                                               std::string_view owner,
                                                               bool has_key) {
  Places& places = connection.places();
  const ConnectionGroup::Admission of_address = places.group->admit(places.address, owner);
  if (!of_address.fits)
    return Refusal{kOfAddress,
                   shares_text(places.group->shares(), owner, has_key,
                               "TCP connections of one address", "MCP_MAX_TCP_CONNECTIONS_PER_IP")};
  if (of_address.instead != nullptr) leave_out(*of_address.instead, kOfAddress);
  const ConnectionGroup::Admission of_all = all_.admit(places.all, owner);
  if (!of_all.fits)
    return Refusal{kAll, shares_text(all_.shares(), owner, has_key, "TCP connections", setting_)};
  if (of_all.instead != nullptr) leave_out(*of_all.instead, kAll);
  places.group->become(places.address, owner);
  all_.become(places.all, owner);
  return std::nullopt;
}

void ConnectionTable::rest(Connection& connection) {
  Places& places = connection.places();
  all_.rest(places.all);
  places.group->rest(places.address);
}

void ConnectionTable::leave_out(Connection& connection, std::string_view reason) {
  Places& places = connection.places();
  if (places.all.list == nullptr) return;
  all_.leave_out(places.all);
  places.group->leave_out(places.address);
  close_(connection, reason);
}

std::vector<std::shared_ptr<Connection>> ConnectionTable::all() const {
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (const auto& [_, connection] : connections_) all.push_back(connection);
  return all;
}

std::vector<std::shared_ptr<Connection>> ConnectionTable::take_all() {
  std::vector<std::shared_ptr<Connection>> taken = all();
  connections_.clear();
  return taken;
}

}  // namespace sidecar::http
