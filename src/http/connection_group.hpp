// ConnectionGroup: the connections that one limit counts, and which of them gives way when it is
// reached. A connection is a newcomer until a request of a known client was let in on it; from then
// on it counts for that client. Newcomers may be anybody, so they take no place of a known client:
// they have what the known ones leave of the limit, and at least an eighth of it on top. Beyond
// that the oldest newcomer is closed. Known clients share the limit (util/shares.hpp). Every step
// costs the same, however many connections there are. Owned by ConnectionTable; loop thread only.
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
    Shares::Holding share;  // of as many as are in the lists
    List resting{};         // no request is handled or answered; longest first
    List busy{};
  };

 public:
  // Where one connection stands in a group.
  struct Place {
    Client* client = nullptr;
    List* list = nullptr;  // nullptr: it was left out, and closes
    List::iterator at{};
  };
  struct Admission {
    bool fits = false;
    Connection* instead = nullptr;  // that closes for it
  };

  explicit ConnectionGroup(std::size_t limit) : limit_(limit), shares_(limit) {}
  ConnectionGroup(const ConnectionGroup&) = delete;
  ConnectionGroup& operator=(const ConnectionGroup&) = delete;

  // Most connections at a time.
  static std::size_t most(std::size_t limit) { return limit + newcomers_on_top(limit); }

  void add(Connection& connection, Place& place);
  // The oldest newcomer, when there are too many.
  Connection* surplus() const;
  std::size_t newcomers() const { return newcomers_.size(); }
  Connection* oldest_newcomer() const { return newcomers_.empty() ? nullptr : newcomers_.front(); }
  // Whether a connection may become one of `owner`. Changes nothing.
  Admission admit(const Place& place, std::string_view owner) const;
  // REQUIRES: admit(), and what is closed instead was left out.
  void become(Place& place, std::string_view owner);
  void rest(Place& place);
  // It counts no longer, and closes soon.
  void leave_out(Place& place);
  void remove(Place& place);

  // No connection is here, not even one that was left out.
  bool empty() const { return open_ == 0; }
  // What an owner that is refused is told.
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
