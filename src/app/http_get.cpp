#include "app/http_get.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <fcntl.h>
#include <fmt/format.h>
#include <httplib.h>
#include <mutex>
#include <sys/socket.h>
#include <thread>

#include "config/masked_urls.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::app {
namespace {

constexpr time_t kConnectSeconds = 2;
constexpr time_t kAnswerSeconds = 3;

// `httplib::Client` would parse only some URLs with IPv6 addresses.
std::unique_ptr<httplib::ClientImpl> client_for(const HttpTarget& target) {
  if (target.tls) return std::make_unique<httplib::SSLClient>(target.host, target.port);
  return std::make_unique<httplib::ClientImpl>(target.host, target.port);
}

std::string authority(const HttpTarget& target) {
  const bool v6 = target.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", target.host, v6 ? "]" : "", target.port);
}

// Cuts a run that takes longer than its time, from a thread of its own: the library limits each read alone,
// and its own stop() waits for a connection and a TLS handshake to end.
class Deadline {
 public:
  Deadline(httplib::ClientImpl& client, std::chrono::milliseconds time) {
    client.set_socket_options([this](socket_t socket) { watch(socket); });
    thread_ = std::thread([this, time] { wait(time); });
  }
  ~Deadline() { end(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // The run has ended. Whether it was cut.
  bool end() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
    return passed_;
  }

 private:
  // A descriptor of our own: the library may close its own at any time.
  void watch(socket_t socket) {
    const std::lock_guard lock(mutex_);
    socket_ = UniqueFd(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
    if (passed_) ::shutdown(socket, SHUT_RDWR);
  }

  void wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, time, [this] { return over_; })) return;
    passed_ = true;
    if (socket_) ::shutdown(socket_.get(), SHUT_RDWR);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  UniqueFd socket_;
  bool over_ = false;
  bool passed_ = false;
  std::thread thread_;
};

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

HttpGet::HttpGet(HttpTarget target, std::chrono::milliseconds whole_time)
    : target_(std::move(target)), whole_time_(whole_time), client_(client_for(target_)) {
  client_->set_connection_timeout(kConnectSeconds);
  client_->set_read_timeout(kAnswerSeconds);
  client_->set_write_timeout(kAnswerSeconds);
}

HttpGet::~HttpGet() = default;

void HttpGet::stop() { client_->stop(); }

std::string HttpGet::where() const { return authority(target_) + config::masked_query(target_.path); }

Result<std::string> HttpGet::run(std::size_t most) {
  const std::string path = target_.path.starts_with('/') ? target_.path : "/" + target_.path;
  std::string body;
  bool too_long = false;
  Deadline deadline(*client_, whole_time_);
  const auto answer = client_->Get(path, httplib::Headers{{"Host", authority(target_)}},
                                   [&](const char* data, std::size_t size) {
                                     too_long = size > most - body.size();
                                     if (!too_long) body.append(data, size);
                                     return !too_long;
                                   });
  if (deadline.end())
    return fail(fmt::format("{} did not answer within {} ms", where(), whole_time_.count()));
  if (too_long) return fail(where() + " gave an answer that is too long");
  if (!answer)
    return fail(fmt::format("no answer from {} ({})", where(), httplib::to_string(answer.error())));
  if (answer->status != 200) return fail(fmt::format("{} answered {}", where(), answer->status));
  return body;
}

}  // namespace sidecar::app
