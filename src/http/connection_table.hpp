// ConnectionTable: the open connections of a Server, limited in all and for each address. What one
// limit counts, and who gives way, is ConnectionGroup's business; the table asks both groups of a
// connection, and closes those that give way. Owned by ServerContext; loop thread only.
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
  // Where one connection stands in the table; a member of the connection.
  struct Places {
    ConnectionGroup::Place all;
    ConnectionGroup::Place address;
    ConnectionGroup* group = nullptr;  // of its address
  };
  // Closes a connection soon, but not inside the call: it was left out in favour of others.
  using Close = std::function<void(Connection&, std::string_view reason)>;

  // `setting` names what `limit` comes from.
  ConnectionTable(std::size_t limit, std::string_view setting, std::size_t limit_per_address,
                  observe::Metrics& metrics, Close close);

  // Whether one more may be accepted: who is left out closes at the end of a turn of the loop.
  bool accepts() const {
    return connections_.size() < ConnectionGroup::most(limit_) + kClosingAtOnce;
  }
  // A newcomer; others may be closed for it.
  void add(std::shared_ptr<Connection> connection);
  void remove(Connection& connection);
  // There are no descriptors left for connections: the older half of the newcomers is closed.
  void close_newcomers();

  // A request of a known client was let in: from now on the connection counts for `owner`, and is
  // busy. Others may be closed for it. Something: it has to be refused; this is why.
  struct Refusal {
    std::string_view reason;  // the metric's
    std::string why;
  };
  std::optional<Refusal> admit(Connection& connection, std::string_view owner, bool has_key);
  // Its requests are answered; the next one begins with admit().
  void rest(Connection& connection);

  std::size_t size() const { return connections_.size(); }
  // A copy: connections leave the table as they close.
  std::vector<std::shared_ptr<Connection>> all() const;
  // Forgets all.
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
