#include "http/server.hpp"

#include <boost/asio/post.hpp>
#include <unordered_map>
#include <utility>

#include "http/connection.hpp"
#include "http/front.hpp"
#include "http/listener.hpp"

namespace sidecar::http {

void Front::turned_away(std::string_view reason, std::string_view address, std::string_view why) {
  metrics.refused(reason).Increment();
  refusals.warn("request refused", {{"reason", reason}, {"address", address}, {"why", why}});
}

void Front::work_soon(std::shared_ptr<Connection> connection) {
  waiting_.push_back(std::move(connection));
  if (waiting_.size() > 1) return;
  boost::asio::post(loop, [weak = weak_from_this()] {
    const auto front = weak.lock();
    if (!front) return;
    for (const auto& waiting : std::exchange(front->waiting_, {})) waiting->work();
  });
}

class Server::Impl {
 public:
  Impl(boost::asio::io_context& loop, Timers& timers, const Limits& limits, std::vector<Route> routes,
       HeadCheck head_check, observe::Log& log, observe::Metrics& metrics)
      : front_(std::make_shared<Front>(loop, timers, limits, std::move(routes), std::move(head_check), log,
                                       metrics)),
        listener_(
            loop, timers, front_->refusals, metrics, limits.reserved_descriptors,
            [this] { return connections_.size() < front_->limits.connections; },
            [this](Connection::Socket socket, std::string peer) {
              add(std::move(socket), std::move(peer));
            }) {
    front_->forget = [this](Connection& connection) { remove(connection); };
  }

  ~Impl() {
    listener_.close();
    for (const auto& [_, connection] : std::exchange(connections_, {})) connection->abandon_silently();
    front_->metrics.connections.Set(0);
  }

  Listener& listener() { return listener_; }

  std::size_t busy() const {
    std::size_t count = 0;
    for (const auto& [_, connection] : connections_) count += connection->busy() ? 1 : 0;
    return count;
  }

  void stop_accepting() {
    listener_.close();
    front_->stopping = true;
    for_each([](Connection& connection) { connection.retire(); });
  }

  void close(std::function<void()> done) {
    stop_accepting();
    front_->closing = true;
    closed_ = std::move(done);
    for_each([](Connection& connection) { connection.shut_down(); });
    if (connections_.empty()) report_closed();
  }

  void abort() {
    listener_.close();
    for_each([](Connection& connection) { connection.abort(); });
  }

 private:
  void add(Connection::Socket socket, std::string peer) {
    std::size_t& from_there = per_address_[peer];
    if (from_there >= front_->limits.connections_per_address) {
      front_->turned_away("connections_per_address", peer, "this address has too many connections");
      return;  // closes the socket
    }
    ++from_there;
    auto connection = std::make_shared<Connection>(*front_, std::move(socket), std::move(peer));
    connections_.emplace(connection.get(), connection);
    front_->metrics.connections_accepted.Increment();
    front_->metrics.connections.Set(static_cast<double>(connections_.size()));
    connection->start();
  }

  void remove(Connection& connection) {
    const auto from_there = per_address_.find(connection.peer_address());
    if (--from_there->second == 0) per_address_.erase(from_there);
    connections_.erase(&connection);
    front_->metrics.connections.Set(static_cast<double>(connections_.size()));
    listener_.resume();
    if (connections_.empty() && closed_) report_closed();
  }

  void report_closed() { boost::asio::post(front_->loop, std::exchange(closed_, nullptr)); }

  // Over a copy: connections leave the table as they close.
  template <class Action>
  void for_each(Action action) {
    std::vector<std::shared_ptr<Connection>> all;
    all.reserve(connections_.size());
    for (const auto& [_, connection] : connections_) all.push_back(connection);
    for (const auto& connection : all) action(*connection);
  }

  std::shared_ptr<Front> front_;  // shared with work that is posted to the loop
  Listener listener_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  std::unordered_map<std::string, std::size_t> per_address_;
  std::function<void()> closed_;
};

Server::Server(boost::asio::io_context& loop, Timers& timers, Limits limits, std::vector<Route> routes,
               HeadCheck head_check, observe::Log& log, observe::Metrics& metrics)
    : impl_(std::make_unique<Impl>(loop, timers, limits, std::move(routes), std::move(head_check), log,
                                   metrics)) {}

Server::~Server() = default;

Result<std::uint16_t> Server::listen(const std::string& host, std::uint16_t port) {
  return impl_->listener().listen(host, port);
}
void Server::stop_accepting() { impl_->stop_accepting(); }
std::size_t Server::busy_connections() const { return impl_->busy(); }
void Server::close(std::function<void()> done) { impl_->close(std::move(done)); }
void Server::abort() { impl_->abort(); }

}  // namespace sidecar::http
