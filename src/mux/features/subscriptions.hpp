// Subscriptions: keeps one subscription of the child for all clients that want the same resource,
// passes its updates to them, and restores it on the next process. MCP 2025-11-25, Resources,
// Subscriptions. Bounds: kPerClient subscriptions a session, Owners::subscriptions bytes, shared by
// owners. Owned by Multiplexer. Loop thread only.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mux/core/feature.hpp"
#include "mux/features/subscription_table.hpp"

namespace sidecar::mux {

class Subscriptions : public Feature {
 public:
  static constexpr std::size_t kPerClient = 1000;  // beyond: kBusy
  // Requests that restore or release subscriptions, open at the child at a time.
  static constexpr std::size_t kTending = 64;
  // Bytes of URIs that wait to be released. Beyond, the child keeps subscriptions that nobody has.
  static constexpr std::size_t kReleaseBytes = 16 << 20;

  using Feature::Feature;

  std::optional<Answer> on_request(ClientId client, jsonrpc::Message& message, Call& call) override;
  std::optional<Answer> before_send(WireId id, Call& call) override;
  void on_result(WireId id, Call& call, Answer& answer) override;
  void on_abandoned(std::string_view method, const std::string& subject) override;
  bool on_child_notification(const jsonrpc::Message& message) override;
  void client_left(ClientId client) override;
  void permissions_changed() override;
  void child_ready() override;
  void child_gone() override;
  bool work() override;
  void migrate_to(Feature& successor) override;

 private:
  std::optional<Answer> on_subscribe(ClientId client, const std::string& uri, Call& call);
  std::optional<Answer> on_unsubscribe(ClientId client, std::string uri, Call& call);
  void on_subscribed(WireId id, Call& call, const Answer& answer);

  void add(ClientId client, const std::string& uri);
  void remove(ClientId client, const std::string& uri, WireId by);
  void give_up(ClientId client, const std::string& uri);
  void release(const std::string& uri);
  bool has_open(ClientId client, std::string_view method, std::string_view uri);
  bool needed_at_child(const std::string& uri);
  bool known_at_child(const std::string& uri) const;

  Shares::Holding& holding(const ClientEntry& entry, ClientId client);
  void charge(ClientId client);
  bool make_room(const ClientEntry& entry, ClientId client, std::size_t bytes);
  bool evict_one_of(const Owner& owner);

  void review();
  std::optional<std::string> next_to_restore();
  std::optional<std::string> next_to_release();
  void tend(std::string uri, bool restores);

  SubscriptionTable table_;
  std::unordered_map<ClientId, Shares::Holding> held_;  // of clients that have subscriptions
  // Granted by the child to nobody, while a subscribe of some client is under way.
  std::set<std::string, std::less<>> unclaimed_;

  std::vector<ClientId> to_review_;  // whose subscriptions may no longer be permitted
  Timer review_timer_;

  std::deque<std::string> releases_;  // that the child may hold for nobody
  std::size_t release_bytes_ = 0;
  // While a new process is given the subscriptions, in order of URIs: the next one.
  std::optional<std::string> restore_next_;
  // Granted to a client's own request before their turn.
  std::set<std::string, std::less<>> restored_;
  std::size_t tending_ = 0;  // open requests that restore or release
};

}  // namespace sidecar::mux
