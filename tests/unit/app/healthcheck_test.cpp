#include <boost/asio.hpp>
#include <string>
#include <thread>

#include "app/http_get.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

using namespace sidecar;
using namespace sidecar::app;
using Catch::Matchers::EndsWith;
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

Result<std::string> check(const std::string& bytes, Probe probe = Probe::kAlive) {
  const OneAnswer server(bytes);
  return check_health({false, "127.0.0.1", server.port(), "/health"}, probe);
}

}  // namespace

TEST_CASE("healthcheck: status 200 and ok is healthy") {
  const OneAnswer server(answer("200 OK", R"({"status":"ok","sseClients":0})"));
  const auto healthy = check_health({false, "127.0.0.1", server.port(), "/health"}, Probe::kAlive);
  REQUIRE(healthy);
  CHECK_THAT(*healthy, EndsWith("/health: alive"));
  CHECK_THAT(server.request(),
             Contains("GET /health HTTP/1.1\r\n") &&
                 Contains("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
}

TEST_CASE("healthcheck: a living sidecar is reported with the state of its wrapped server") {
  CHECK_THAT(*check(answer("200 OK", R"({"status":"ok","child":{"state":"backing_off"}})")),
             EndsWith(": alive; the wrapped server: backing_off"));
}

TEST_CASE("healthcheck: of a server that is not ready, the reason is one line") {
  CHECK_THAT(*check(answer("200 OK", R"({"status":"ready"})"), Probe::kReady),
             EndsWith(": the wrapped server takes calls"));
  CHECK_THAT(check(answer("503 Service Unavailable",
                          R"({"status":"unavailable","reason":"the MCP server exited:\nno"})"),
                   Probe::kReady)
                 .error()
                 .message,
             EndsWith(" answered 503: the MCP server exited: no"));
  CHECK_THAT(check(answer("403 Forbidden", R"({"error":"Forbidden","message":"IP not allowed"})"),
                   Probe::kReady)
                 .error()
                 .message,
             EndsWith(" answered 403: IP not allowed"));
  CHECK_THAT(check(answer("503 Service Unavailable", "no JSON"), Probe::kReady).error().message,
             EndsWith(" answered 503"));
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
  CHECK_THAT(check_health({false, "127.0.0.1", port, "/health"}, Probe::kAlive).error().message,
             Contains("no answer from 127.0.0.1:"));
}

TEST_CASE("healthcheck: a URL may contain host, port and prefix") {
  CHECK(*health_target("http://localhost:3001", Probe::kAlive) ==
        HttpTarget{false, "localhost", 3001, "/health"});
  CHECK(*health_target("http://localhost/health", Probe::kAlive) ==
        HttpTarget{false, "localhost", 80, "/health"});
  CHECK(*health_target("https://[::1]:8443/mcp/", Probe::kAlive) ==
        HttpTarget{true, "::1", 8443, "/mcp/health"});
  CHECK(*health_target("https://[fd00::1]", Probe::kAlive) ==
        HttpTarget{true, "fd00::1", 443, "/health"});
  CHECK_FALSE(health_target("localhost:3001", Probe::kAlive));
  CHECK(health_target("http://h/x/health", Probe::kReady)->path == "/x/ready");
  CHECK(health_target("http://h/ready", Probe::kAlive)->path == "/health");
}

TEST_CASE("healthcheck: a sidecar that listens on every address is checked over loopback") {
  config::Settings settings;
  settings.listen.host = "0.0.0.0";
  CHECK(health_target(settings, Probe::kAlive)->host == "127.0.0.1");
  settings.listen.host = "::";
  CHECK(health_target(settings, Probe::kAlive)->host == "::1");
  settings.listen.host = "mcp.internal";
  CHECK(health_target(settings, Probe::kAlive)->host == "mcp.internal");
  settings.listen.port = 0;
  CHECK_FALSE(health_target(settings, Probe::kAlive));
}
