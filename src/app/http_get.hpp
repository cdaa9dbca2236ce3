// HttpGet: one request of the program's own, to another server or to a running mcp-sidecar. Blocks;
// never on the loop's thread. TLS trusts the system's certificates, or those of SSL_CERT_FILE.
// REQUIRES: SIGPIPE is ignored.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "util/result.hpp"

namespace sidecar::app {

struct HttpTarget {
  bool tls = false;
  std::string host;  // IPv6 without brackets
  std::uint16_t port = 0;
  std::string path{};  // with the query

  bool operator==(const HttpTarget&) const = default;
};

// `url`: http(s)://host[:port][/path][?query], checked before.
HttpTarget http_target(std::string_view url);

class HttpGet {
 public:
  static constexpr std::chrono::milliseconds kWholeTime{10'000};

  // `whole_time`: for connecting and the whole answer; a server that sends a byte now and then ends
  // here.
  explicit HttpGet(HttpTarget target, std::chrono::milliseconds whole_time = kWholeTime)
      : target_(std::move(target)), whole_time_(whole_time) {}

  // The body of an answer 200. At most 2 s to connect and 3 s without a byte. Errors: one line with
  // the target and what came instead: nothing, another status (redirects too), a head beyond 16 KB,
  // a body of more than `most` bytes, not all of it in time. Call once.
  Result<std::string> run(std::size_t most);
  // From any thread: ends a run, but not while it looks up the host's name.
  void stop() {
    stopped_ = true;
    loop_.stop();
  }
  // For messages: host, port and path, values of the query as ***.
  std::string where() const;

 private:
  const HttpTarget target_;
  const std::chrono::milliseconds whole_time_;
  boost::asio::io_context loop_;  // of the run alone
  std::atomic<bool> stopped_ = false;
};

}  // namespace sidecar::app
