// ConnectionGroup: the connections that one limit counts, and which of them is closed when it is
// reached. A connection is a newcomer until a request of a known client is admitted on it; after
// that it counts for the client. Newcomers may be anybody, so they take no place of a known client:
// they have the part of the limit that known clients leave, and at least an eighth of the limit on
// top. Beyond that the oldest newcomer is closed. Known clients share the limit (util/shares.hpp).
// The cost of an operation does not depend on the number of connections. Owned by ConnectionTable;
// loop thread only.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "util/shares.hpp"

namespace sidecar::http {

class Connection;

class ConnectionGroup {
 private:
  using List = std::list<Connection*>;
  struct Client {
    Shares::Holding share;  // the number of connections in both lists
    List resting{};         // no request is handled or answered; longest idle first
    List busy{};
  };

 public:
  // The position of one connection in a group.
  struct Place {
    Client* client = nullptr;  // nullptr: a newcomer
    List* list = nullptr;      // nullptr: it was left out and closes soon
    List::iterator at{};
  };
  struct Admission {
    bool fits = false;
    Connection* instead = nullptr;  // to be closed to make room; nullptr: none
  };

  explicit ConnectionGroup(std::size_t limit) : limit_(limit), shares_(limit) {}
  ConnectionGroup(const ConnectionGroup&) = delete;
  ConnectionGroup& operator=(const ConnectionGroup&) = delete;

  // The most connections at a time.
  static std::size_t most(std::size_t limit) { return limit + newcomers_on_top(limit); }

  void add(Connection& connection, Place& place);
  // The oldest newcomer if there are too many newcomers; else nullptr.
  Connection* surplus() const;
  std::size_t newcomers() const { return newcomers_.size(); }
  Connection* oldest_newcomer() const { return newcomers_.empty() ? nullptr : newcomers_.front(); }
  // Whether a connection may count for `owner`. Changes nothing.
  Admission admit(const Place& place, std::string_view owner) const;
  // The connection counts for `owner` and is busy. REQUIRES: admit() returned `fits`, and its
  // `instead` was left out.
  void become(Place& place, std::string_view owner);
  void rest(Place& place);
  // The connection no longer counts and closes soon.
  void leave_out(Place& place);
  void remove(Place& place);

  // Holds no connection, not even one that was left out.
  bool empty() const { return open_ == 0; }
  // For the text of a refusal.
  const Shares& shares() const { return shares_; }

 private:
  static std::size_t newcomers_on_top(std::size_t limit) { return limit / 8 > 0 ? limit / 8 : 1; }
  void move(Place& place, List& to);
  void forget_one(Client& client);

  const std::size_t limit_;
  Shares shares_;
  std::unordered_map<std::string, Client> clients_;
  List newcomers_;  // oldest first
  std::size_t open_ = 0;
};

}  // namespace sidecar::http
