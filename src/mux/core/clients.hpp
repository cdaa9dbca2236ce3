// Clients: the sessions that use a child. Passes messages of the child to them, and finds the one
// that a message is for where only the calls at the child can show it. Owned by Multiplexer. Loop
// thread only.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "mux/core/call.hpp"
#include "mux/core/client_profile.hpp"
#include "mux/core/in_flight.hpp"
#include "mux/core/owners.hpp"

namespace sidecar::mux {

// The kind of a child.
struct ChildRole {
  bool dedicated = false;     // serves one client and gets its `initialize`
  bool client_roots = false;  // a dedicated child may ask for its client's roots
  bool may_ask = true;        // the handshake declared sampling and elicitation
};

// A session that uses the child.
struct ClientEntry {
  Client* client;
  std::string owner;  // sessions of one owner may see each other's messages
  OwnerPtr account;   // charged for its calls
  ClientProfile profile;
};

// The session that a message of the child belongs to, and its call if it has exactly one.
struct MessageOrigin {
  ClientId client = kNoClient;
  Call* call = nullptr;
};

class Clients {
 public:
  using Entries = std::unordered_map<ClientId, ClientEntry>;

  Clients(InFlight& calls, const ChildRole& role) : calls_(calls), role_(role) {}

  void add(ClientId id, ClientEntry entry) { entries_.emplace(id, std::move(entry)); }
  void remove(ClientId id) { entries_.erase(id); }
  void set_profile(ClientId id, ClientProfile profile);

  const Entries& all() const { return entries_; }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  bool contains(ClientId id) const { return entries_.contains(id); }
  // nullptr: it has left, or is kNoClient.
  const ClientEntry* find(ClientId id) const;
  // Whether there are clients, all of one owner.
  bool one_owner() const;

  // The client of a message that names none: the only client of a dedicated child, or the only one
  // for which the child can be working. A client that has left and REST are origins too. nullopt:
  // it is not certain.
  std::optional<MessageOrigin> certain_origin() const;
  MessageOrigin origin(ClientId client) const;

  // The following call clients, which may leave or make others leave meanwhile.

  // Delivers to the call if its reply takes messages, else to the client.
  void deliver(MessageOrigin origin, std::string text) const;
  // Drops the message if the client has left.
  void tell(ClientId client, std::string text) const;
  // To the clients for which `wanted(id)` is true.
  template <class Wanted>
  void tell_all(const std::string& text, Wanted wanted) const {
    for (const ClientId id : ids()) {
      if (wanted(id)) tell(id, text);
    }
  }
  void tell_all(const std::string& text) const {
    tell_all(text, [](ClientId) { return true; });
  }

 private:
  std::vector<ClientId> ids() const;

  Entries entries_;
  InFlight& calls_;
  const ChildRole& role_;
};

}  // namespace sidecar::mux
