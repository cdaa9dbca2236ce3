// The two kinds of client that the benchmarks play, as coroutines on one loop: a REST connection and a legacy
// SSE session. Both call the demo's `echo` and check every answer. Anything unexpected is thrown.
#pragma once

#include <array>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sidecar::bench {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
template <class T = void>
using Task = asio::awaitable<T>;

inline Task<tcp::socket> connect(tcp::endpoint server) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(server, asio::use_awaitable);
  socket.set_option(tcp::no_delay(true));
  co_return socket;
}

// One keep-alive connection.
class Connection {
 public:
  explicit Connection(tcp::socket socket) : socket_(std::move(socket)) {}

  Task<http::response<http::string_body>> post(std::string_view target, std::string body) {
    http::request<http::string_body> request(http::verb::post, target, 11, std::move(body));
    request.set(http::field::host, "127.0.0.1");
    request.set(http::field::content_type, "application/json");
    request.prepare_payload();
    co_await http::async_write(socket_, request, asio::use_awaitable);
    http::response<http::string_body> response;
    co_await http::async_read(socket_, buffer_, response, asio::use_awaitable);
    co_return response;
  }

 private:
  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

class RestClient {
 public:
  static Task<RestClient> open(tcp::endpoint server) { co_return RestClient(co_await connect(server)); }

  Task<> echo(std::string_view message) {
    const auto response = co_await connection_.post(
        "/call-tool", fmt::format(R"({{"name":"echo","arguments":{{"message":"{}"}}}})", message));
    if (response.result_int() != 200 ||
        response.body().find(fmt::format(R"("text":"{}")", message)) == std::string::npos) {
      throw std::runtime_error(fmt::format("REST: {} {}", response.result_int(), response.body()));
    }
  }

 private:
  explicit RestClient(tcp::socket socket) : connection_(std::move(socket)) {}
  Connection connection_;
};

// An open event stream, and a connection to post to. One call at a time.
class SseClient {
 public:
  // `with_posts` false: only the stream, for idle sessions.
  static Task<SseClient> open(tcp::endpoint server, bool with_posts = true) {
    tcp::socket stream = co_await connect(server);
    static constexpr std::string_view kRequest =
        "GET /sse HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n";
    co_await asio::async_write(stream, asio::buffer(kRequest), asio::use_awaitable);
    tcp::socket posts(stream.get_executor());
    if (with_posts) posts = co_await connect(server);  // no ?: here, where g++ 12 never resumes the coroutine
    SseClient client(std::move(stream), std::move(posts));
    co_await http::async_read_header(client.stream_, client.buffer_, *client.parser_, asio::use_awaitable);
    if (client.parser_->get().result_int() != 200) throw std::runtime_error("SSE: no event stream");
    client.endpoint_ = co_await client.next_data();
    co_return client;
  }

  Task<> echo(std::string_view message) {
    ++id_;
    const auto accepted = co_await posts_.post(
        endpoint_,
        fmt::format(
            R"({{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"echo","arguments":{{"message":"{}"}}}}}})",
            id_, message));
    if (accepted.result_int() != 202)
      throw std::runtime_error(fmt::format("SSE: POST got {}", accepted.result_int()));
    const std::string answer = co_await next_data();
    if (answer.find(fmt::format(R"("id":{},)", id_)) == std::string::npos ||
        answer.find(fmt::format(R"("text":"{}")", message)) == std::string::npos) {
      throw std::runtime_error("SSE: " + answer);
    }
  }

 private:
  SseClient(tcp::socket stream, tcp::socket posts) : stream_(std::move(stream)), posts_(std::move(posts)) {
    parser_->body_limit(boost::none);
  }

  // The data of the next event; comments are passed over.
  Task<std::string> next_data() {
    for (;;) {
      const auto end = text_.find("\n\n");
      if (end != std::string::npos) {
        std::string block = text_.substr(0, end);
        text_.erase(0, end + 2);
        const auto data = block.find("data: ");
        if (data != std::string::npos) co_return block.substr(data + 6);
        continue;
      }
      std::array<char, 16384> piece;
      parser_->get().body().data = piece.data();
      parser_->get().body().size = piece.size();
      auto [error, read] =
          co_await http::async_read_some(stream_, buffer_, *parser_, asio::as_tuple(asio::use_awaitable));
      if (error && error != http::error::need_buffer) throw boost::system::system_error(error);
      if (parser_->is_done()) throw std::runtime_error("SSE: the stream ended");
      text_.append(piece.data(), piece.size() - parser_->get().body().size);
    }
  }

  tcp::socket stream_;
  Connection posts_;
  boost::beast::flat_buffer buffer_;
  // On the heap because a parser cannot be moved.
  std::unique_ptr<http::response_parser<http::buffer_body>> parser_ =
      std::make_unique<http::response_parser<http::buffer_body>>();
  std::string text_;
  std::string endpoint_;
  unsigned id_ = 0;
};

}  // namespace sidecar::bench
