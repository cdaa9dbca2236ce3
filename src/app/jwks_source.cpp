#include "app/jwks_source.hpp"

#include <boost/asio/post.hpp>

#include "config/masked_urls.hpp"

namespace sidecar::app {
namespace {

bool is_url(std::string_view place) { return place.find("://") != place.npos; }

}  // namespace

Result<void> check_jwks(const std::string& place) {
  if (place.empty() || is_url(place)) return {};
  const auto failed = [&place](const Error& error) {
    return fail("keys of tokens " + place + ": " + error.message);
  };
  const auto text = read_whole_file(place, access::kMaxJwksBytes);
  if (!text) return failed(text.error());
  const auto keys = access::Jwks::parse(*text);
  if (!keys) return failed(keys.error());
  return {};
}

JwksSource::JwksSource(std::string place, std::function<void(access::Jwks)> take,
                       boost::asio::io_context& loop, Timers& timers, observe::Log& log)
    : place_(std::move(place)),
      by_url_(is_url(place_)),
      take_(std::move(take)),
      loop_(loop),
      timers_(timers),
      log_(log) {}

JwksSource::~JwksSource() {
  if (request_) request_->stop();
  if (thread_.joinable()) thread_.join();
}

void JwksSource::start() {
  if (by_url_) return ask();
  look();
}

void JwksSource::key_unknown() {
  if (by_url_ && !request_ && timers_.now() - asked_ >= kUnknownKey) ask();
}

void JwksSource::look() {
  if (const FileStamp stamp = FileStamp::of(place_); stamp != stamp_ || last_.empty()) {
    stamp_ = stamp;
    read(read_whole_file(place_, access::kMaxJwksBytes));
  }
  timer_ = timers_.after(kLookEvery, [this] { look(); });
}

void JwksSource::ask() {
  if (thread_.joinable()) thread_.join();
  asked_ = timers_.now();
  request_ = std::make_unique<HttpGet>(http_target(place_));
  thread_ = std::thread([request = request_.get(), this] {
    auto text = request->run(access::kMaxJwksBytes);
    boost::asio::post(loop_, [this, text = std::move(text)] { asked(text); });
  });
}

void JwksSource::asked(const Result<std::string>& text) {
  request_.reset();
  const Clock::duration wait = read(text) ? Clock::duration(kAgain) : Clock::duration(kRetry);
  timer_ = timers_.after(wait, [this] { ask(); });
}

bool JwksSource::read(const Result<std::string>& text) {
  const auto keep = [this](const Error& error) {
    log_.error(
        last_.empty() ? "no access token can be checked" : "keys of access tokens not updated",
        {{"place", config::masked_url(place_)}, {"reason", error.message}});
    return false;
  };
  if (!text) return keep(text.error());
  if (*text == last_) return true;
  auto keys = access::Jwks::parse(*text);
  if (!keys) return keep(keys.error());
  log_.info("keys of access tokens read",
            {{"place", config::masked_url(place_)}, {"keys", keys->size()}});
  last_ = *text;
  take_(*std::move(keys));
  return true;
}

}  // namespace sidecar::app
