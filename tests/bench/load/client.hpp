// Client: one MCP client over any transport. Opens its session, makes calls and reports messages.
// Measures nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/net/loop.hpp"

namespace sidecar::bench {

class Client;

class ClientOwner {
 public:
  virtual ~ClientOwner() = default;
  // The session is open and its handshake is done.
  virtual void on_opened(Client& client) = 0;
  // A JSON-RPC message, or the body of a REST answer. The client must not be destroyed from here.
  virtual void on_message(Client& client, std::string_view json) = 0;
  // The client has failed or is closed. Must not be destroyed from here.
  virtual void on_failed(Client& client, const std::string& why) = 0;
  virtual void on_closed(Client&) {}
  // A comment on the event stream.
  virtual void on_comment(Client&) {}
};

struct ToolCall {
  std::uint64_t id = 0;  // not used by REST
  std::string_view tool;
  std::string_view arguments;  // JSON object
};

class Client {
 public:
  Client(std::size_t index, ClientOwner& owner) : index_(index), owner_(owner) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  virtual void open() = 0;
  virtual void call(const ToolCall& call) = 0;
  // Ends the session in the way of its transport. on_closed() follows, possibly before this
  // returns.
  virtual void close() = 0;
  // Whether answers carry the id of their call.
  virtual bool has_ids() const { return true; }

  // Its index among its owner's clients.
  std::size_t index() const { return index_; }

 protected:
  ClientOwner& owner() const { return owner_; }

 private:
  const std::size_t index_;
  ClientOwner& owner_;
};

enum class Transport { kSse, kStreamable, kRest, kDirect };

struct Target {
  Transport transport = Transport::kSse;
  std::uint16_t port = 0;
  std::string sse_path = "/sse";
  std::string mcp_path = "/mcp";
  std::string rest_path = "/call-tool";
  bool keep_posts = true;  // SSE: keep the connection for POSTs after opening
};

// For every transport except kDirect, whose clients share a child.
std::unique_ptr<Client> make_client(const Target& target, Loop& loop, std::size_t index,
                                    ClientOwner& owner);

}  // namespace sidecar::bench
