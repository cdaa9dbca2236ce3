#include "http/listener.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cctype>
#include <cerrno>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "child/descriptor_limit.hpp"

namespace sidecar::http {
namespace {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr int kAcceptedPerTurn = 64;  // then other events run
// A connection whose peer acknowledges nothing for this time is dead. Finds streams of clients that
// have disappeared: the next keep-alive is not acknowledged.
constexpr int kUserTimeoutMs = 60'000;

std::string text_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
        .to_string();
  }
  return address.to_string();
}

tl::unexpected<Error> cannot_listen(const std::string& host, std::uint16_t port, std::string why) {
  if (!why.empty()) why[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(why[0])));
  const bool v6 = host.find(':') != std::string::npos;
  return fail(
      fmt::format("cannot listen on {}{}{}:{}: {}", v6 ? "[" : "", host, v6 ? "]" : "", port, why));
}

// The error concerns only this client, e.g. it has disconnected; the next accept may succeed.
bool concerns_one_client(int error) {
  return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM ||
         error == ENETDOWN || error == EHOSTUNREACH || error == ENETUNREACH;
}

}  // namespace

Listener::Listener(boost::asio::io_context& loop, Timers& timers, observe::RateLimitedLog& refusals,
                   observe::Metrics& metrics, std::uint64_t reserved, HasRoom has_room,
                   Exhausted exhausted, Accepted accepted)
    : loop_(loop),
      timers_(timers),
      refusals_(refusals),
      metrics_(metrics),
      reserved_(reserved),
      has_room_(std::move(has_room)),
      on_exhausted_(std::move(exhausted)),
      accepted_(std::move(accepted)),
      acceptor_(loop) {}

Listener::~Listener() { *alive_ = false; }

Result<std::uint16_t> Listener::listen(const std::string& host, std::uint16_t port) {
  ErrorCode error;
  tcp::resolver resolver(loop_);  // blocks; runs only at start, before anything is served
  const auto addresses =
      resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error) return cannot_listen(host, port, error.message());
  for (const auto& entry : addresses) {
    const tcp::endpoint endpoint = entry.endpoint();
    ErrorCode ignored;
    acceptor_.close(ignored);
    acceptor_.open(endpoint.protocol(), error);
    if (error) continue;
    acceptor_.set_option(boost::asio::socket_base::reuse_address(true), ignored);
    // Accepted sockets inherit it.
    acceptor_.set_option(
        boost::asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>(kUserTimeoutMs),
        ignored);
    // "::" serves IPv4 clients too.
    if (endpoint.protocol() == tcp::v6())
      acceptor_.set_option(boost::asio::ip::v6_only(false), ignored);
    acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(kBacklog, error);
    if (!error) acceptor_.non_blocking(true, error);
    if (!error) break;
  }
  if (error) {
    ErrorCode ignored;
    acceptor_.close(ignored);
    return cannot_listen(host, port, error.message());
  }
  const std::uint16_t bound = acceptor_.local_endpoint().port();
  resume();
  return bound;
}

void Listener::resume() {
  if (armed_ || !acceptor_.is_open() || !has_room_()) return;
  armed_ = true;
  acceptor_.async_wait(Acceptor::wait_read, [this, alive = alive_](ErrorCode error) {
    if (!*alive) return;
    armed_ = false;
    if (!error && acceptor_.is_open()) accept_some();
  });
}

void Listener::accept_some() {
  const std::uint64_t first_reserved = child::first_reserved_descriptor(reserved_);
  for (int i = 0; i < kAcceptedPerTurn && acceptor_.is_open() && has_room_(); ++i) {
    if (child::lowest_free_descriptor() >= first_reserved)
      return pause(
          fmt::format("the open files from {} to RLIMIT_NOFILE are reserved for the wrapped server",
                      first_reserved));
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    // Not Asio's accept: it sets no SOCK_CLOEXEC, so children would inherit the descriptor.
    const int descriptor =
        ::accept4(acceptor_.native_handle(), peer.data(), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      if (concerns_one_client(errno)) continue;
      return pause(std::generic_category().message(errno));
    }
    exhausted_ = false;
    peer.resize(size);
    ErrorCode error;
    Connection::Socket socket(loop_);
    socket.assign(peer.protocol(), descriptor, error);
    if (error) {
      ::close(descriptor);
      continue;
    }
    socket.non_blocking(true, error);
    if (!error) socket.set_option(tcp::no_delay(true), error);
    if (!error) accepted_(std::move(socket), text_of(peer));
  }
  resume();
}

void Listener::pause(const std::string& why) {
  metrics_.refused("no_descriptors").Increment();
  if (!std::exchange(exhausted_, true))
    refusals_.warn("cannot accept connections", {{"error", why}});
  on_exhausted_();
  pause_ = timers_.after(kExhaustedPause, [this] { resume(); });
}

void Listener::close() {
  ErrorCode ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace sidecar::http
