// Client: one MCP client, whatever it speaks. Opens its session, makes calls, hands back what it is
// told. Knows nothing of measuring.
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
  // The session is there, with its handshake done.
  virtual void on_opened(Client& client) = 0;
  // A JSON-RPC message, or the body of a REST answer. The client must not be destroyed from here.
  virtual void on_message(Client& client, std::string_view json) = 0;
  // It is of no use any more. As above.
  virtual void on_failed(Client& client, const std::string& why) = 0;
  virtual void on_closed(Client&) {}
  // A comment on its event stream.
  virtual void on_comment(Client&) {}
};

struct ToolCall {
  std::uint64_t id = 0;  // REST has none
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
  // Ends the session as its transport does; on_closed() follows, maybe from inside.
  virtual void close() = 0;
  // Whether an answer carries the id of its call.
  virtual bool has_ids() const { return true; }

  // Its place among its owner's clients.
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
  bool keep_posts = true;  // SSE: the connection for POSTs stays when the session is open
};

// For every transport but kDirect, whose clients share a child.
std::unique_ptr<Client> make_client(const Target& target, Loop& loop, std::size_t index,
                                    ClientOwner& owner);

}  // namespace sidecar::bench
