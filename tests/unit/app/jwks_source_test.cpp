#include "app/jwks_source.hpp"

#include <boost/asio.hpp>
#include <fmt/format.h>
#include <thread>

#include "support/catch.hpp"
#include "support/manual_timers.hpp"
#include "support/signer.hpp"

using namespace sidecar;
using namespace sidecar::app;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// An authorization server that returns a different key to each request.
class AuthorizationServer {
 public:
  explicit AuthorizationServer(asio::io_context& loop)
      : acceptor_(loop, {asio::ip::address_v4::loopback(), 0}) {
    accept();
  }

  std::string url() const {
    return fmt::format("http://127.0.0.1:{}/jwks", acceptor_.local_endpoint().port());
  }
  int requests = 0;

 private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error) return;
      ++requests;
      answer(std::make_shared<tcp::socket>(std::move(socket)));
      accept();
    });
  }

  void answer(const std::shared_ptr<tcp::socket>& socket) {
    auto text = std::make_shared<std::string>();
    asio::async_read_until(
        *socket, asio::dynamic_buffer(*text), "\r\n\r\n",
        [this, socket, text](boost::system::error_code, std::size_t) {
          const test::Json keys = {
              {"keys", test::Json::array(
                           {test::Signer::ec(fmt::format("key {}", requests)).public_key()})}};
          const std::string body = keys.dump();
          *text =
              fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                          body.size(), body);
          asio::async_write(*socket, asio::buffer(*text),
                            [socket, text](boost::system::error_code, std::size_t) {});
        });
  }

  tcp::acceptor acceptor_;
};

}  // namespace

TEST_CASE("http get: a response or TLS handshake that drips ends with the whole time limit") {
  struct Row {
    bool tls;
    std::string_view first;
  };
  const Row rows[] = {{false, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"},
                      {false, "HTTP/1.1 200 OK\r\nX: "},
                      {true, "\x16\x03\x03\x3f"}};  // a record of nearly 16 KB
  for (const auto& [tls, first] : rows) {
    INFO(first);
    asio::io_context loop;
    tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
    bool cut = false;
    // The whole response would take far longer than the limit.
    std::thread server([&acceptor, &loop, &cut, bytes = first] {
      tcp::socket socket(loop);
      acceptor.accept(socket);
      boost::system::error_code error;
      asio::write(socket, asio::buffer(bytes), error);
      for (int i = 0; i < 500 && !error; ++i) {
        asio::write(socket, asio::buffer("x", 1), error);
        std::this_thread::sleep_for(20ms);
      }
      cut = error.failed();
    });
    HttpGet get({tls, "127.0.0.1", acceptor.local_endpoint().port(), "/jwks"}, 100ms);
    const auto answer = get.run(1000);
    server.join();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message.ends_with("/jwks did not answer within 100 ms"));
    CHECK(cut);
  }
}

TEST_CASE("http get: an endless head or body is refused, with bounded stack") {
  const std::string_view firsts[] = {"HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\nX: ",
                                     "HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n",
                                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"};
  for (const std::string_view first : firsts) {
    INFO(first);
    asio::io_context loop;
    tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
    std::thread server([&acceptor, &loop, first] {
      tcp::socket socket(loop);
      acceptor.accept(socket);
      boost::system::error_code error;
      asio::write(socket, asio::buffer(std::string(first) + std::string(8 << 20, 'x')), error);
    });
    HttpGet get({false, "127.0.0.1", acceptor.local_endpoint().port(), "/jwks"});
    const auto answer = get.run(1000);
    server.join();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message.find("/jwks") != std::string::npos);
  }
}

TEST_CASE("jwks source: unknown keys cause one request per kUnknownKey") {
  asio::io_context loop;
  test::ManualTimers timers;
  observe::Log log = observe::make_null_log();
  AuthorizationServer server(loop);
  int taken = 0;
  JwksSource source(
      server.url(), [&taken](const access::Jwks&) { ++taken; }, loop, timers, log);
  const auto run_until_taken = [&](int sets) {
    while (taken < sets) loop.run_one();
  };
  const auto unknown_keys = [&source] {
    for (int i = 0; i < 100; ++i) source.key_unknown();
  };

  source.start();
  unknown_keys();
  run_until_taken(1);
  unknown_keys();
  timers.advance(JwksSource::kUnknownKey - 1ms);
  unknown_keys();
  loop.poll();
  CHECK(server.requests == 1);

  timers.advance(1ms);
  unknown_keys();
  run_until_taken(2);
  unknown_keys();
  loop.poll();
  CHECK(server.requests == 2);

  timers.advance(JwksSource::kAgain);
  run_until_taken(3);
  CHECK(server.requests == 3);
}
