#include <boost/asio.hpp>
#include <string>
#include <thread>

#include "app/http_get.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::app;
using sidecar::test::Contains;
namespace asio = boost::asio;

namespace {

// A server that answers one connection with fixed bytes and closes it.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer, const std::string& host = "127.0.0.1")
      : acceptor_(io_, {asio::ip::make_address(host), 0}),
        thread_([this, text = std::move(answer)] {
          asio::ip::tcp::socket socket = acceptor_.accept();
          boost::system::error_code ignored;
          asio::read_until(socket, asio::dynamic_buffer(request_), "\r\n\r\n", ignored);
          asio::write(socket, asio::buffer(text), ignored);
        }) {}
  ~OneAnswer() { thread_.join(); }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  // Call it after the response was received.
  const std::string& request() const { return request_; }

 private:
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  std::string request_;
  std::thread thread_;
};

std::string answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

Result<void> check(const std::string& bytes) {
  const OneAnswer server(bytes);
  return check_health({false, "127.0.0.1", server.port(), "/health"});
}

}  // namespace

TEST_CASE("healthcheck: status 200 and ok is healthy") {
  const OneAnswer server(answer("200 OK", R"({"status":"ok","sseClients":0})"));
  CHECK(check_health({false, "127.0.0.1", server.port(), "/health"}));
  CHECK_THAT(server.request(),
             Contains("GET /health HTTP/1.1\r\n") &&
                 Contains("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
}

TEST_CASE("healthcheck: every other response is one line that describes it") {
  CHECK_THAT(check(answer("503 Service Unavailable", R"({"status":"ok"})")).error().message,
             Contains("answered 503"));
  CHECK_THAT(check(answer("200 OK", R"({"status":"bad"})")).error().message,
             Contains("does not report the status ok"));
  CHECK_THAT(check(answer("200 OK", R"({"status":1})")).error().message,
             Contains("does not report the status ok"));
  CHECK_THAT(check(answer("200 OK", "[]")).error().message,
             Contains("does not report the status ok"));
  CHECK_THAT(check(answer("200 OK", "{")).error().message,
             Contains("does not report the status ok"));
  CHECK_THAT(check("").error().message, Contains("no answer from 127.0.0.1:"));
  CHECK_THAT(check(answer("200 OK", std::string(100'000, ' '))).error().message,
             Contains("too long"));
}

TEST_CASE("healthcheck: a port without a listener is unhealthy") {
  std::uint16_t port = 0;
  {
    asio::io_context io;
    port =
        asio::ip::tcp::acceptor(io, {asio::ip::address_v4::loopback(), 0}).local_endpoint().port();
  }
  CHECK_THAT(check_health({false, "127.0.0.1", port, "/health"}).error().message,
             Contains("no answer from 127.0.0.1:"));
}

TEST_CASE("healthcheck: a URL may contain host, port and prefix") {
  CHECK(*health_target("http://localhost:3001") == HttpTarget{false, "localhost", 3001, "/health"});
  CHECK(*health_target("http://localhost/health") == HttpTarget{false, "localhost", 80, "/health"});
  CHECK(*health_target("https://[::1]:8443/mcp/") == HttpTarget{true, "::1", 8443, "/mcp/health"});
  CHECK(*health_target("https://[fd00::1]") == HttpTarget{true, "fd00::1", 443, "/health"});
  CHECK_FALSE(health_target("localhost:3001"));
}

TEST_CASE("healthcheck: a sidecar that listens on every address is checked over loopback") {
  config::Settings settings;
  settings.listen.host = "0.0.0.0";
  CHECK(health_target(settings)->host == "127.0.0.1");
  settings.listen.host = "::";
  CHECK(health_target(settings)->host == "::1");
  settings.listen.host = "mcp.internal";
  CHECK(health_target(settings)->host == "mcp.internal");
  settings.listen.port = 0;
  CHECK_FALSE(health_target(settings));
}
