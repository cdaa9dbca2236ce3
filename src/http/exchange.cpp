#include "http/exchange.hpp"

#include <cassert>
#include <utility>

namespace sidecar::http {

void Exchange::Backend::drop() {
  reply(error_response(500, "the request was dropped without an answer"));
}

Exchange::Exchange(Request request, std::unique_ptr<Backend> backend)
    : request_(std::move(request)), backend_(std::move(backend)) {}

Exchange& Exchange::operator=(Exchange&& other) noexcept {
  if (this == &other) return *this;
  if (auto unanswered = std::exchange(backend_, std::move(other.backend_))) unanswered->drop();
  request_ = std::move(other.request_);
  return *this;
}

Exchange::~Exchange() {
  if (backend_) backend_->drop();
}

void Exchange::reply(Response response) {
  if (auto backend = std::move(backend_)) backend->reply(std::move(response));
}

std::unique_ptr<SseStream> Exchange::open_sse(Fields fields, SseOptions options) {
  const auto backend = std::move(backend_);
  assert(backend && "an exchange is answered once");
  return backend->open_sse(std::move(fields), std::move(options));
}

void Exchange::on_abandoned(std::function<void()> action) {
  if (backend_) backend_->on_abandoned(std::move(action));
}

}  // namespace sidecar::http
