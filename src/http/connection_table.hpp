// ConnectionTable: the open connections of a Server, limited in total and per address. For each
// limit a ConnectionGroup decides which connection is closed to make room; the table asks both
// groups of a connection and closes the ones they choose. Owned by ServerContext; loop thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/connection_group.hpp"
#include "observe/metrics.hpp"

namespace sidecar::http {

class ConnectionTable {
 public:
  // The position of one connection in the table; a member of the connection.
  struct Places {
    ConnectionGroup::Place all;
    ConnectionGroup::Place address;
    ConnectionGroup* group = nullptr;  // of its address
  };
  // Closes a connection soon, but not inside the call, to make room for another one.
  using Close = std::function<void(Connection&, std::string_view reason)>;

  // `setting`: the name of the setting that `limit` comes from, for refusals.
  ConnectionTable(std::size_t limit, std::string_view setting, std::size_t limit_per_address,
                  observe::Metrics& metrics, Close close);

  // Whether another connection may be accepted. Connections that were left out close only at the
  // end of a turn of the loop, hence kClosingAtOnce.
  bool accepts() const {
    return connections_.size() < ConnectionGroup::most(limit_) + kClosingAtOnce;
  }
  // Adds a newcomer; may close older newcomers.
  void add(std::shared_ptr<Connection> connection);
  void remove(Connection& connection);
  // Closes the older half of the newcomers, because no descriptors are left for connections.
  void close_newcomers();

  struct Refusal {
    std::string_view reason;  // label of mcp_sidecar_refused_total
    std::string why;
  };
  // A request of a known client was admitted: the connection now counts for `owner` and is busy.
  // May close others. Returns a Refusal if there is no room.
  std::optional<Refusal> admit(Connection& connection, std::string_view owner, bool has_key);
  // All its requests are answered; the next one starts with admit().
  void rest(Connection& connection);

  std::size_t size() const { return connections_.size(); }
  // A copy: connections leave the table as they close.
  std::vector<std::shared_ptr<Connection>> all() const;
  // Empties the table without closing its connections.
  std::vector<std::shared_ptr<Connection>> take_all();

 private:
  static constexpr std::size_t kClosingAtOnce = 64;

  void leave_out(Connection& connection, std::string_view reason);

  const std::size_t limit_;
  const std::string_view setting_;
  const std::size_t limit_per_address_;
  observe::Metrics& metrics_;
  const Close close_;
  ConnectionGroup all_;
  std::unordered_map<std::string, ConnectionGroup> by_address_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
};

}  // namespace sidecar::http
