#include "bench/net/stream.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <system_error>

namespace sidecar::bench {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

UniqueFd new_socket() {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) fail("socket");
  return fd;
}

void set_option(int fd, int level, int name) {
  const int on = 1;
  if (setsockopt(fd, level, name, &on, sizeof on) != 0) fail("setsockopt");
}

}  // namespace

void set_non_blocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) fail("fcntl");
}

UniqueFd connect_to(std::uint16_t port) {
  UniqueFd fd = new_socket();
  const sockaddr_in address = loopback(port);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("connect");
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY);
  return fd;
}

UniqueFd listen_on(std::uint16_t& port) {
  UniqueFd fd = new_socket();
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  sockaddr_in address = loopback(port);
  socklen_t size = sizeof address;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) fail("bind");
  if (listen(fd.get(), 4096) != 0) fail("listen");
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
  port = ntohs(address.sin_port);
  set_non_blocking(fd.get());
  return fd;
}

Stream::Stream(Loop& loop, UniqueFd fd, StreamSink& sink, bool reads)
    : loop_(loop), fd_(std::move(fd)), sink_(sink), reads_(reads) {
  set_non_blocking(fd_.get());
  loop_.watch(fd_.get(), reads_ ? EPOLLIN : 0U, *this);
}

Stream::~Stream() { loop_.forget(fd_.get(), *this); }

void Stream::send(std::string_view head, std::string_view body) {
  if (sent_ < waiting_.size()) {
    waiting_.append(head).append(body);
    return;
  }
  // iovec has no const pointer; writev only reads.
  iovec parts[2] = {{const_cast<char*>(head.data()), head.size()},
                    {const_cast<char*>(body.data()), body.size()}};
  const ssize_t result = writev(fd_.get(), parts, body.empty() ? 1 : 2);
  // The failure is reported by the next read or by EPOLLERR.
  const std::size_t written = result < 0 ? 0 : static_cast<std::size_t>(result);
  if (written == head.size() + body.size()) return;
  waiting_.assign(head.substr(std::min(written, head.size())));
  waiting_.append(body.substr(written > head.size() ? written - head.size() : 0));
  sent_ = 0;
  watch_for_room(true);
}

void Stream::watch_for_room(bool wanted) {
  if (watching_room_ == wanted) return;
  watching_room_ = wanted;
  loop_.change(fd_.get(), (reads_ ? EPOLLIN : 0U) | (wanted ? EPOLLOUT : 0U), *this);
}

void Stream::flush() {
  const ssize_t result = ::write(fd_.get(), waiting_.data() + sent_, waiting_.size() - sent_);
  if (result > 0) sent_ += static_cast<std::size_t>(result);
  if (sent_ < waiting_.size()) return;
  waiting_.clear();
  sent_ = 0;
  watch_for_room(false);
}

void Stream::on_ready(std::uint32_t events) {
  if (events & EPOLLOUT) flush();
  if (reads_ && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return read();
  if (events & EPOLLERR) sink_.on_closed("the other side does not read any more");
}

// One read per turn: epoll reports a full buffer's remainder again, after the other streams.
void Stream::read() {
  const ssize_t got = ::read(fd_.get(), loop_.scratch(), Loop::kScratch);
  if (got > 0) return sink_.on_bytes({loop_.scratch(), static_cast<std::size_t>(got)});
  if (got == 0) return sink_.on_closed("the other side closed");
  if (errno != EAGAIN && errno != EINTR) sink_.on_closed(std::strerror(errno));
}

}  // namespace sidecar::bench
