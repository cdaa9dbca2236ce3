// JwksSource: where the keys of access tokens come from, and keeps them fresh. A file is read when
// it changes; a URL is asked every kAgain, after kRetry when that failed, and soon when a token
// names a key that is not known. Keys that cannot be read anew stay as they are. A request runs on
// a thread of its own, one at a time; all else on the loop's. Owned by Program; its end may wait
// for a request that is being connected (2 s, and what a look-up of the name takes).
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

// Errors, for a file only: one line with the path.
Result<void> check_jwks(const std::string& place);

class JwksSource {
 public:
  static constexpr std::chrono::seconds kLookEvery{1};
  static constexpr std::chrono::minutes kAgain{10};
  static constexpr std::chrono::seconds kRetry{10};
  static constexpr std::chrono::seconds kUnknownKey{10};  // between two requests for unknown keys

  // `place`: path or http(s) URL. `take` gets each set of keys.
  JwksSource(std::string place, std::function<void(access::Jwks)> take,
             boost::asio::io_context& loop, Timers& timers, observe::Log& log);
  ~JwksSource();

  // Reads a file, or asks the URL for the first time.
  void start();
  void key_unknown();

 private:
  void look();
  void ask();
  void asked(const Result<std::string>& text);
  // Whether `text` held keys.
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
