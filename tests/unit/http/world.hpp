// World: a Server on a loop that the test runs by hand, with a manual clock, and clients on real
// sockets.
#pragma once

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "http/server.hpp"
#include "support/catch.hpp"
#include "support/fields.hpp"
#include "support/manual_timers.hpp"

namespace sidecar::test {

using namespace std::chrono_literals;

struct Received {
  int status = 0;
  Fields fields;
  std::string body;

  std::string field(std::string_view name) const { return field_of(fields, name); }
};

// A client's end of one connection. Never blocks.
class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer = 0)
      : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    connect(port);
  }
  explicit Client(int descriptor) : descriptor_(descriptor) {}
  Client(Client&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        text_(std::move(other.text_)),
        ended_(other.ended_) {}
  Client(const Client&) = delete;
  ~Client() { close(); }

  void connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("connect failed");
    }
    ::fcntl(descriptor_, F_SETFL, O_NONBLOCK);
  }
  // Returns the number of bytes that the system accepted.
  std::size_t send(std::string_view bytes) {
    const ssize_t size = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return size < 0 ? 0 : static_cast<std::size_t>(size);
  }
  void end_sending() { ::shutdown(descriptor_, SHUT_WR); }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  // Closes with a reset.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  void receive() {
    char buffer[64 << 10];
    for (;;) {
      const ssize_t size = ::recv(descriptor_, buffer, sizeof buffer, 0);
      if (size > 0) {
        text_.append(buffer, static_cast<std::size_t>(size));
        continue;
      }
      if (size == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) ended_ = true;
      return;
    }
  }
  const std::string& text() const { return text_; }
  void forget(std::size_t size) { text_.erase(0, size); }
  bool ended() const { return ended_; }

 private:
  int descriptor_;
  std::string text_;
  bool ended_ = false;
};

// Appends the data of the complete chunks of `text` to `body`; true once the last chunk was read,
// `used` bytes of `text` long.
inline bool unchunk(std::string_view text, std::string& body, std::size_t& used) {
  for (used = 0;;) {
    const std::size_t line = text.find("\r\n", used);
    if (line == std::string_view::npos) return false;
    const std::size_t size = std::stoul(std::string(text.substr(used, line - used)), nullptr, 16);
    if (text.size() < line + 2 + size + 2) return false;
    body += text.substr(line + 2, size);
    used = line + 2 + size + 2;
    if (size == 0) return true;
  }
}

class World {
 public:
  boost::asio::io_context loop;
  ManualTimers timers;
  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  http::Limits limits;
  std::vector<http::Route> routes;
  http::HeadCheck head_check;
  std::size_t buffered_bytes = 256 << 20;
  observe::RateLimitedLog refusals{log, timers};
  std::unique_ptr<http::Budget> budget;
  std::unique_ptr<http::Server> server;
  std::uint16_t port = 0;

  void route(std::string method, const std::string& path, http::Handler handler,
             bool direct = false) {
    routes.push_back({std::move(method), path, path, {}, std::move(handler), direct});
  }
  void make_server() {
    budget = std::make_unique<http::Budget>(buffered_bytes, refusals, metrics);
    server = std::make_unique<http::Server>(loop, timers, limits, *budget, std::move(routes),
                                            head_check, log, metrics);
  }
  void start() {
    make_server();
    const auto bound = server->listen("127.0.0.1", 0);
    REQUIRE(bound.has_value());
    port = *bound;
  }
  Client client(int receive_buffer = 0) { return Client(port, receive_buffer); }

  void turn() {
    loop.restart();
    loop.poll();
  }
  // Runs the loop until `done`; false: it never became true. The clock only bounds a failure.
  template <class Condition>
  bool until(Condition done) {
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (!done()) {
      turn();
      if (std::chrono::steady_clock::now() > give_up) return done();
      std::this_thread::yield();
    }
    return true;
  }
  bool until_text(Client& client, std::string_view text) {
    return until([&] {
      client.receive();
      return client.text().find(text) != std::string::npos;
    });
  }
  bool until_ended(Client& client) {
    return until([&] {
      client.receive();
      return client.ended();
    });
  }
  // The next whole answer; status 0: the connection ended without one. `bodiless`: it answers a
  // HEAD.
  Received answer(Client& client, bool bodiless = false) {
    Received received;
    std::size_t used = 0;
    until([&] {
      client.receive();
      used = parse(client.text(), received, bodiless, client.ended());
      return used > 0 || client.ended();
    });
    if (used == 0) return {};
    client.forget(used);
    return received;
  }
  Received ask(Client& client, std::string_view request, bool bodiless = false) {
    send_all(client, request);
    return answer(client, bodiless);
  }
  Received ask(std::string_view request) {
    Client once = client();
    return ask(once, request);
  }
  void send_all(Client& client, std::string_view bytes) {
    until([&] {
      client.receive();
      bytes.remove_prefix(client.send(bytes));
      return bytes.empty() || client.ended();
    });
  }
  double sample(const std::string& line_start) const {
    const std::string text = metrics.text();
    const std::size_t at = text.find("\n" + line_start + " ");
    return at == std::string::npos ? 0 : std::stod(text.substr(at + line_start.size() + 2));
  }

 private:
  static std::size_t parse(std::string_view text, Received& received, bool bodiless, bool ended) {
    const std::size_t head_end = text.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return 0;
    received = {};
    received.status = std::stoi(std::string(text.substr(9, 3)));
    for (std::size_t at = text.find("\r\n") + 2; at < head_end + 2;) {
      const std::size_t line_end = text.find("\r\n", at);
      const std::string_view line = text.substr(at, line_end - at);
      const std::size_t colon = line.find(": ");
      received.fields.push_back(
          {std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
      at = line_end + 2;
    }
    const std::size_t start = head_end + 4;
    if (received.status == 100 || received.status == 204 || received.status == 304 || bodiless)
      return start;
    if (received.field("Transfer-Encoding") == "chunked") {
      std::size_t used = 0;
      return unchunk(text.substr(start), received.body, used) ? start + used : 0;
    }
    const std::string length = received.field("Content-Length");
    if (length.empty()) {
      received.body = text.substr(start);
      return ended ? text.size() : 0;
    }
    if (text.size() < start + std::stoul(length)) return 0;
    received.body = text.substr(start, std::stoul(length));
    return start + received.body.size();
  }
};

inline http::Response text_response(std::string body) {
  http::Response response;
  response.body = std::move(body);
  response.content_type = "text/plain";
  return response;
}

// The routes of most tests: GET /hello, POST /echo (at once), POST /later and GET /events (kept).
class Site : public World {
 public:
  std::vector<http::Exchange> kept;
  std::vector<std::unique_ptr<http::SseStream>> streams;
  http::SseOptions sse_options;

  Site() {
    route("GET", "/hello", [](http::Exchange exchange) { exchange.reply(text_response("hello")); });
    route("POST", "/echo",
          [](http::Exchange exchange) { exchange.reply(text_response(exchange.take_body())); });
    route("POST", "/later",
          [this](http::Exchange exchange) { kept.push_back(std::move(exchange)); });
    route("GET", "/events", [this](http::Exchange exchange) {
      streams.push_back(exchange.open_sse({}, sse_options));
    });
  }
};

inline std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) +
         "\r\n";
}
inline std::string post(std::string_view path, std::string_view body,
                        std::string_view fields = "") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace sidecar::test
