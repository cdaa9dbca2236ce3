#include "app/http_get.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <charconv>
#include <csignal>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "config/masked_urls.hpp"
#include "config/network_values.hpp"
#include "config/text.hpp"

namespace sidecar::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using ErrorCode = boost::system::error_code;
using std::chrono::milliseconds;

constexpr milliseconds kConnectTime{2'000};
constexpr milliseconds kByteTime{3'000};
constexpr std::size_t kMaxHead = 16 << 10;
constexpr std::string_view kHealthPath = "/health";
constexpr std::string_view kReadyPath = "/ready";
constexpr std::size_t kMaxHealth = 64 << 10;  // bytes of the body

std::string authority(const HttpTarget& target) {
  const bool v6 = target.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", target.host, v6 ? "]" : "", target.port);
}

// One connection, request and response. Each step blocks until it ends, within its own time limit
// and that of the whole.
class Fetch {
 public:
  using Answer = http::response_parser<http::string_body>;

  Fetch(asio::io_context& loop, const std::atomic<bool>& stopped, const HttpTarget& target,
        milliseconds whole_time)
      : loop_(loop),
        stopped_(stopped),
        target_(target),
        end_(std::chrono::steady_clock::now() + whole_time),
        stream_(beast::tcp_stream(loop), tls_) {}

  ErrorCode run(Answer& answer) {
    ErrorCode error = connect();
    if (!error && target_.tls) error = shake_hands();
    if (error) return error;
    return target_.tls ? exchange(stream_, answer) : exchange(stream_.next_layer(), answer);
  }
  bool over() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  template <class Start>
  ErrorCode wait(milliseconds time, Start start) {
    loop_.restart();
    ErrorCode result = asio::error::operation_aborted;
    if (stopped_) return result;
    tcp().expires_at(std::min(std::chrono::steady_clock::now() + time, end_));
    start([&result](ErrorCode error, const auto&...) { result = error; });
    loop_.run();
    return result;
  }

  ErrorCode connect() {
    ErrorCode error;
    asio::ip::tcp::resolver resolver(loop_);
    const auto addresses = resolver.resolve(target_.host, std::to_string(target_.port), error);
    if (error) return error;
    return wait(kConnectTime, [&](auto done) { tcp().async_connect(addresses, done); });
  }

  ErrorCode shake_hands() {
    ErrorCode error;
    tls_.set_default_verify_paths(error);
    if (error) return error;
    stream_.set_verify_mode(asio::ssl::verify_peer);
    stream_.set_verify_callback(asio::ssl::host_name_verification(target_.host));
    asio::ip::make_address(target_.host, error);
    // RFC 6066, section 3: an address is not a server name.
    if (error) set_server_name();
    return wait(kByteTime,
                [&](auto done) { stream_.async_handshake(asio::ssl::stream_base::client, done); });
  }

  // SSL_set_tlsext_host_name() is a macro that contains a C cast.
  void set_server_name() {
    SSL_ctrl(stream_.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(target_.host.c_str()));
  }

  template <class Stream>
  ErrorCode exchange(Stream& stream, Answer& answer) {
    http::request<http::empty_body> request(
        http::verb::get, target_.path.starts_with('/') ? target_.path : '/' + target_.path, 11);
    request.set(http::field::host, authority(target_));
    request.set(http::field::accept, "*/*");
    request.set(http::field::connection, "close");
    ErrorCode error = wait(kByteTime, [&](auto done) { http::async_write(stream, request, done); });
    beast::flat_buffer buffer;
    while (!error && !answer.is_done())
      error =
          wait(kByteTime, [&](auto done) { http::async_read_some(stream, buffer, answer, done); });
    return error;
  }

  beast::tcp_stream& tcp() { return stream_.next_layer(); }

  asio::io_context& loop_;
  const std::atomic<bool>& stopped_;
  const HttpTarget& target_;
  const std::chrono::steady_clock::time_point end_;
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  beast::ssl_stream<beast::tcp_stream> stream_;
};

std::string_view path_of(Probe probe) { return probe == Probe::kReady ? kReadyPath : kHealthPath; }

// A string member of an object; empty if there is none.
std::string text_at(const nlohmann::json& body, const char* member) {
  const auto found = body.is_object() ? body.find(member) : body.end();
  return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}

// ": " and the reason that a sidecar's response other than 200 gives, in one line.
std::string reason_in(const nlohmann::json& body) {
  for (const char* member : {"reason", "message", "error"}) {
    std::string text = text_at(body, member);
    if (text.empty()) continue;
    std::replace_if(text.begin(), text.end(), config::control, ' ');
    return ": " + text;
  }
  return "";
}

}  // namespace

HttpTarget http_target(std::string_view url) {
  HttpTarget target;
  const std::size_t scheme = url.find("://");
  target.tls = scheme == std::string_view("https").size();
  target.port = target.tls ? 443 : 80;
  const std::string_view rest = url.substr(scheme + 3);
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view place = rest.substr(0, end);
  target.path = rest.substr(end);
  const auto bracket = place.find(']');
  const auto colon = place.find(':', bracket == place.npos ? 0 : bracket);
  if (colon != place.npos)
    std::from_chars(place.data() + colon + 1, place.data() + place.size(), target.port);
  target.host = bracket == place.npos ? place.substr(0, colon) : place.substr(1, bracket - 1);
  return target;
}

std::string HttpGet::where() const {
  return authority(target_) + config::masked_query(target_.path);
}

Result<HttpAnswer> HttpGet::answer(std::size_t most) {
  Fetch fetch(loop_, stopped_, target_, whole_time_);
  Fetch::Answer answer;
  answer.header_limit(kMaxHead);
  answer.body_limit(most);
  if (const ErrorCode error = fetch.run(answer)) {
    if (fetch.over())
      return fail(fmt::format("{} did not answer within {} ms", where(), whole_time_.count()));
    if (error == http::error::body_limit || error == http::error::header_limit)
      return fail(where() + " sent a response that is too long");
    return fail(fmt::format("no answer from {} ({})", where(), error.message()));
  }
  return HttpAnswer{answer.get().result_int(), std::move(answer.get().body())};
}

Result<std::string> HttpGet::run(std::size_t most) {
  auto got = answer(most);
  if (!got) return tl::unexpected(got.error());
  if (got->status != 200) return fail(fmt::format("{} answered {}", where(), got->status));
  return std::move(got->body);
}

Result<HttpTarget> health_target(const config::Settings& settings, Probe probe) {
  if (settings.listen.port == 0)
    return fail("the port is 0: give the real one with --port or --url");
  std::string host = settings.listen.host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  return HttpTarget{false, std::move(host), settings.listen.port, std::string(path_of(probe))};
}

Result<HttpTarget> health_target(std::string_view given, Probe probe) {
  const auto url = config::parse_public_url(given);
  if (!url) return fail("--url: " + url.error().message);
  HttpTarget target = http_target(*url);
  for (const std::string_view path : {kHealthPath, kReadyPath}) {
    if (target.path.ends_with(path)) target.path.resize(target.path.size() - path.size());
  }
  target.path += path_of(probe);
  return target;
}

Result<std::string> check_health(const HttpTarget& target, Probe probe) {
  std::signal(SIGPIPE, SIG_IGN);  // the server may close the connection
  HttpGet get(target);
  const auto answer = get.answer(kMaxHealth);
  if (!answer) return tl::unexpected(answer.error());
  const auto body = nlohmann::json::parse(answer->body, nullptr, false);
  if (answer->status != 200)
    return fail(fmt::format("{} answered {}{}", get.where(), answer->status, reason_in(body)));
  if (probe == Probe::kReady) return get.where() + ": the wrapped server takes calls";
  if (text_at(body, "status") != "ok") return fail(get.where() + " does not report the status ok");
  const auto child = body.find("child");
  const std::string state = child == body.end() ? "" : text_at(*child, "state");
  return get.where() + ": alive" + (state.empty() ? "" : "; the wrapped server: " + state);
}

}  // namespace sidecar::app
