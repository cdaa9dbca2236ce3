#include "http/server.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "http/connection.hpp"
#include "http/listener.hpp"
#include "http/server_context.hpp"

namespace sidecar::http {

ServerContext::ServerContext(boost::asio::io_context& its_loop, Timers& its_timers,
                             const Limits& its_limits, Budget& its_budget,
                             std::vector<Route> routes, HeadCheck its_head_check,
                             observe::Log& its_log, observe::Metrics& its_metrics)
    : loop(its_loop),
      timers(its_timers),
      limits(its_limits),
      head_check(std::move(its_head_check)),
      log(its_log),
      refusals(its_log, its_timers),
      metrics(its_metrics),
      engine(std::move(routes), its_log, its_metrics),
      budget(its_budget),
      table(its_limits.connections, its_limits.connections_setting,
            its_limits.connections_per_address, its_metrics,
            [](Connection& connection, std::string_view reason) { connection.make_room(reason); }) {
}

void ServerContext::turned_away(std::string_view reason, std::string_view address,
                                std::string_view key, std::string_view why) {
  metrics.refused(reason).Increment();
  refusals.warn("request refused",
                {{"reason", reason}, {"address", address}, {"key", key}, {"why", why}});
}

void ServerContext::work_soon(std::shared_ptr<Connection> connection) {
  waiting_.push_back(std::move(connection));
  if (waiting_.size() > 1) return;
  boost::asio::post(loop, [weak = weak_from_this()] {
    const auto context = weak.lock();
    if (!context) return;
    for (const auto& waiting : std::exchange(context->waiting_, {})) waiting->work();
    context->engine.release_unmounted();
  });
}

class Server::Impl {
 public:
  Impl(boost::asio::io_context& loop, Timers& timers, const Limits& limits, Budget& budget,
       std::vector<Route> routes, HeadCheck head_check, observe::Log& log,
       observe::Metrics& metrics)
      : context_(std::make_shared<ServerContext>(loop, timers, limits, budget, std::move(routes),
                                                 std::move(head_check), log, metrics)),
        listener_(
            loop, timers, context_->refusals, metrics, limits.reserved_descriptors,
            [this] { return context_->table.accepts(); },
            [this] { context_->table.close_newcomers(); },
            [this](Connection::Socket socket, std::string peer) {
              add(std::move(socket), std::move(peer));
            }) {
    context_->forget = [this](Connection& connection) { remove(connection); };
  }

  ~Impl() {
    listener_.close();
    for (const auto& connection : context_->table.take_all()) connection->abandon_silently();
    context_->metrics.connections.Set(0);
  }

  Listener& listener() { return listener_; }
  Engine& engine() { return context_->engine; }

  std::size_t busy() const {
    std::size_t count = 0;
    for (const auto& connection : context_->table.all()) count += connection->busy() ? 1 : 0;
    return count;
  }

  void stop_accepting() {
    listener_.close();
    context_->stopping = true;
    for_each([](Connection& connection) { connection.retire(); });
  }

  void close(std::function<void()> done) {
    stop_accepting();
    context_->closing = true;
    closed_ = std::move(done);
    for_each([](Connection& connection) { connection.shut_down(); });
    if (context_->table.size() == 0 && closed_) report_closed();  // else the last one reported it
  }

  void abort() {
    listener_.close();
    for_each([](Connection& connection) { connection.abort(); });
  }

 private:
  void add(Connection::Socket socket, std::string peer) {
    auto connection = std::make_shared<Connection>(*context_, std::move(socket), std::move(peer));
    context_->table.add(connection);
    connection->start();
  }

  void remove(Connection& connection) {
    context_->table.remove(connection);
    listener_.resume();
    if (context_->table.size() == 0 && closed_) report_closed();
  }

  void report_closed() { boost::asio::post(context_->loop, std::exchange(closed_, nullptr)); }

  template <class Action>
  void for_each(Action action) {
    for (const auto& connection : context_->table.all()) action(*connection);
  }

  std::shared_ptr<ServerContext> context_;  // posted work holds a weak_ptr
  Listener listener_;
  std::function<void()> closed_;
};

Server::Server(boost::asio::io_context& loop, Timers& timers, Limits limits, Budget& budget,
               std::vector<Route> routes, HeadCheck head_check, observe::Log& log,
               observe::Metrics& metrics)
    : impl_(std::make_unique<Impl>(loop, timers, limits, budget, std::move(routes),
                                   std::move(head_check), log, metrics)) {}

Server::~Server() = default;

Result<std::uint16_t> Server::listen(const std::string& host, std::uint16_t port) {
  return impl_->listener().listen(host, port);
}
void Server::mount(std::string prefix, std::vector<Route> routes) {
  impl_->engine().mount(std::move(prefix), std::move(routes));
}
void Server::unmount(std::string_view prefix) { impl_->engine().unmount(prefix); }
void Server::serve_below(std::string_view path) { impl_->engine().serve_below(path); }
void Server::stop_accepting() { impl_->stop_accepting(); }
std::size_t Server::busy_connections() const { return impl_->busy(); }
void Server::close(std::function<void()> done) { impl_->close(std::move(done)); }
void Server::abort() { impl_->abort(); }

}  // namespace sidecar::http
