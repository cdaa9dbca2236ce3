#include "bench/null/server.hpp"

#include <charconv>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace sidecar::bench {
namespace {

// The part of `text` after `member`; empty if it is missing.
std::string_view behind(std::string_view text, std::string_view member) {
  const std::size_t at = text.find(member);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + member.size());
}

std::string result_of(std::string_view body) {
  if (body.find(R"("method":"initialize")") != std::string_view::npos)
    return R"({"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"bench_null","version":"1"}})";
  const std::string_view message = behind(body, R"("message":")");
  return fmt::format(R"({{"content":[{{"type":"text","text":"{}"}}]}})",
                     message.substr(0, message.find('"')));
}

// The JSON-RPC answer; empty for a notification.
std::string answer_to(std::string_view body) {
  const std::string_view id = behind(body, R"("id":)");
  if (id.empty()) return {};
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})",
                     id.substr(0, id.find_first_of(",}")), result_of(body));
}

constexpr std::string_view kAccepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

void send_json(NullConnection& connection, std::string_view body, std::string_view field = {}) {
  connection.send(
      fmt::format(
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n",
          field, body.size()),
      body);
}

}  // namespace

NullConnection::NullConnection(NullServer& server, Loop& loop, UniqueFd fd)
    : server_(server), fd_(fd.get()), stream_(loop, std::move(fd), *this) {}

void NullConnection::on_bytes(std::string_view bytes) {
  if (!reader_.feed(bytes)) server_.drop(fd_);
}

void NullConnection::on_closed(const std::string&) { server_.drop(fd_); }

void NullConnection::on_head(const Head& head) { first_line_ = head.first_line; }

void NullConnection::on_end() {
  server_.serve(*this, first_line_, body_);
  body_.clear();
}

NullServer::NullServer(Loop& loop, std::uint16_t port)
    : loop_(loop), port_(port), listener_(listen_on(port_)) {
  loop_.watch(listener_.get(), EPOLLIN, *this);
}

void NullServer::on_ready(std::uint32_t) {
  for (;;) {
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) return;
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int number = fd.get();
    connections_[number] = std::make_unique<NullConnection>(*this, loop_, std::move(fd));
  }
}

void NullServer::serve(NullConnection& connection, std::string_view first_line,
                       std::string_view body) {
  const std::string_view target = first_line.substr(first_line.find(' ') + 1);
  if (target.starts_with("/message?")) return post_message(connection, target, body);
  if (target.starts_with("/sse ")) {
    const std::string event =
        fmt::format("event: endpoint\ndata: /message?sessionId={}\n\n", connection.fd());
    return connection.send(
        fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n{:x}\r\n{}\r\n",
                    event.size(), event));
  }
  if (target.starts_with("/mcp ")) {
    const std::string answer = answer_to(body);
    if (answer.empty()) return connection.send(kAccepted);
    return send_json(connection, answer, "Mcp-Session-Id: null\r\n");
  }
  if (target.starts_with("/call-tool "))
    return send_json(connection, fmt::format(R"({{"success":true,"result":{}}})", result_of(body)));
  connection.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

void NullServer::post_message(NullConnection& connection, std::string_view target,
                              std::string_view body) {
  const std::string_view id = behind(target, "sessionId=");
  int session = -1;
  std::from_chars(id.data(), id.data() + id.size(), session);
  connection.send(kAccepted);
  const auto stream = connections_.find(session);
  const std::string answer = answer_to(body);
  if (stream == connections_.end() || answer.empty()) return;
  stream->second->send(
      fmt::format("{:x}\r\nevent: message\ndata: {}\n\n\r\n", answer.size() + 23, answer));
}

}  // namespace sidecar::bench
