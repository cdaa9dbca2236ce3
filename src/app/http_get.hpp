// HttpGet: one HTTP request that the program itself sends, to an authorization server or, as
// `mcp-sidecar healthcheck`, to a running mcp-sidecar (Docker's HEALTHCHECK needs no curl). Blocks,
// so never used on the loop thread. TLS trusts the system's certificates, or those of
// SSL_CERT_FILE. REQUIRES: SIGPIPE is ignored.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "config/settings.hpp"
#include "util/result.hpp"

namespace sidecar::app {

struct HttpTarget {
  bool tls = false;
  std::string host;  // IPv6 without brackets
  std::uint16_t port = 0;
  std::string path{};  // including the query

  bool operator==(const HttpTarget&) const = default;
};

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

// `url`: http(s)://host[:port][/path][?query]. REQUIRES: it was validated.
HttpTarget http_target(std::string_view url);

class HttpGet {
 public:
  static constexpr std::chrono::milliseconds kWholeTime{10'000};

  // `whole_time`: limit for connecting and the whole response; also stops a server that drips
  // bytes.
  explicit HttpGet(HttpTarget target, std::chrono::milliseconds whole_time = kWholeTime)
      : target_(std::move(target)), whole_time_(whole_time) {}

  // Waits at most 2 s for a connection and 3 s for each byte. Errors: one line with the target and
  // the reason: no response, a head over 16 KB, a body over `most` bytes, a timeout. Call once.
  Result<HttpAnswer> answer(std::size_t most);
  // The body of a response 200; any other status is an error too (redirects are not followed).
  Result<std::string> run(std::size_t most);
  // From any thread: ends run(), except while it resolves the host's name.
  void stop() {
    stopped_ = true;
    loop_.stop();
  }
  // For messages: host, port and path; the values of the query are masked as ***.
  std::string where() const;

 private:
  const HttpTarget target_;
  const std::chrono::milliseconds whole_time_;
  boost::asio::io_context loop_;  // used by run() only
  std::atomic<bool> stopped_ = false;
};

// What a health check asks: whether the sidecar is alive (/health), or also whether the wrapped
// server takes calls (/ready).
enum class Probe { kAlive, kReady };

// The endpoint of a sidecar with these settings; loopback if it listens on every address. Errors:
// port 0, because only the running sidecar knows its port.
Result<HttpTarget> health_target(const config::Settings& settings, Probe probe);

// For --url: http(s)://host[:port][/prefix], with or without /health or /ready.
Result<HttpTarget> health_target(std::string_view url, Probe probe);

// Returns one line that describes what was found: status 200, and for kAlive a body whose `status`
// is "ok". Errors: one line with the reason, the sidecar's own if it gives one. Blocks for a few
// seconds at most. Sets SIGPIPE to ignored for the process.
Result<std::string> check_health(const HttpTarget& target, Probe probe);

}  // namespace sidecar::app
