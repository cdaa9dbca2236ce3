// Listener: one listening socket. Accepts while there is room. Pauses for kExhaustedPause when the
// system is out of memory, or only the descriptors reserved for children and files are left:
// clients in the backlog wait, and the loop does not spin. Owned by the Server; loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/connection.hpp"
#include "observe/metrics.hpp"
#include "observe/rate_limited_log.hpp"
#include "util/result.hpp"
#include "util/timers.hpp"

namespace sidecar::http {

class Listener {
 public:
  static constexpr int kBacklog = 4096;
  static constexpr std::chrono::milliseconds kExhaustedPause{100};

  // No callback runs after close(). `peer_address`: text; an IPv4 address mapped into IPv6 is
  // given as IPv4.
  using Accepted = std::function<void(Connection::Socket socket, std::string peer_address)>;
  using HasRoom = std::function<bool()>;
  using Exhausted = std::function<void()>;

  // `reserved`: the number of descriptors that connections never get. `exhausted`: called when no
  // connection can be accepted.
  Listener(boost::asio::io_context& loop, Timers& timers, observe::RateLimitedLog& refusals,
           observe::Metrics& metrics, std::uint64_t reserved, HasRoom has_room, Exhausted exhausted,
           Accepted accepted);
  ~Listener();

  // As Server::listen.
  Result<std::uint16_t> listen(const std::string& host, std::uint16_t port);
  // Accepts again if has_room() allows.
  void resume();
  void close();

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp,
                                                      boost::asio::io_context::executor_type>;

  void accept_some();
  void pause(const std::string& why);

  boost::asio::io_context& loop_;
  Timers& timers_;
  observe::RateLimitedLog& refusals_;
  observe::Metrics& metrics_;
  const std::uint64_t reserved_;
  HasRoom has_room_;
  Exhausted on_exhausted_;
  Accepted accepted_;
  Acceptor acceptor_;
  Timer pause_;
  bool armed_ = false;
  bool exhausted_ = false;
  // shared with the armed wait; false once the listener is destroyed
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sidecar::http
