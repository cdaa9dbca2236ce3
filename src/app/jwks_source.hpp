// JwksSource: loads the keys that verify access tokens, and keeps them current. A file is read when
// it changes. A URL is fetched every kAgain, after kRetry if that failed, and when a token names an
// unknown key. If loading fails, the present keys stay in use.
//
// Owned by Service; loop thread. Each fetch runs on a thread of its own, one at a time. The
// destructor may wait for a fetch that is connecting (2 s, plus the time to resolve the name).
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "access/jwks.hpp"
#include "app/http_get.hpp"
#include "app/watched_file.hpp"
#include "observe/log.hpp"
#include "util/timers.hpp"

namespace sidecar::app {

// Checks a file; accepts every URL. Errors: one line with the path.
Result<void> check_jwks(const std::string& place);

class JwksSource {
 public:
  static constexpr std::chrono::seconds kLookEvery{1};
  static constexpr std::chrono::minutes kAgain{10};
  static constexpr std::chrono::seconds kRetry{10};
  static constexpr std::chrono::seconds kUnknownKey{10};  // least time between such fetches

  // `place`: path or http(s) URL. `take` receives each new set of keys.
  JwksSource(std::string place, std::function<void(access::Jwks)> take,
             boost::asio::io_context& loop, Timers& timers, observe::Log& log);
  ~JwksSource();

  // Reads the file, or starts the first fetch of the URL.
  void start();
  void key_unknown();

 private:
  void look();
  void ask();
  void asked(const Result<std::string>& text);
  // True if `text` holds usable keys.
  bool read(const Result<std::string>& text);

  const std::string place_;
  const bool by_url_;
  const std::function<void(access::Jwks)> take_;
  boost::asio::io_context& loop_;
  Timers& timers_;
  observe::Log& log_;
  FileStamp stamp_;
  std::string last_;  // text of the keys in use
  std::unique_ptr<HttpGet> request_;
  std::thread thread_;
  Clock::time_point asked_{};
  Timer timer_;
};

}  // namespace sidecar::app
