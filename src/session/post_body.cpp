#include "session/post_body.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <optional>

#include "jsonrpc/message.hpp"
#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::session {
namespace {

constexpr std::string_view kBatchVersion = "2025-03-26";  // the only revision with batches

std::string error_text(std::string_view id, int code, std::string_view message) {
  return jsonrpc::error_text(id, jsonrpc::error_object(code, message));
}

// The answers of one batch, in the order of its messages. Shared by the replies of its calls; the
// last one delivers. The budget counts the answers; an answer that it refuses is replaced by an
// error.
class Collected {
 public:
  Collected(const Session& session, std::size_t size, mux::Reply::Deliver deliver)
      : answers_(size), deliver_(std::move(deliver)), address_(session.caller().address) {
    if (session.budget() == nullptr) return;
    buffer_.emplace(*session.budget(), [this] { evict_idle(); });
    buffer_->set_owner(session.caller().share_owner(), session.caller().has_key);
  }

  void expect() { ++missing_; }
  // `id`: of the answered call. Empty text: the client withdrew the call.
  void put(std::size_t at, std::string id, std::string text) {
    Answer& answer = answers_[at];
    answer = {std::move(id), std::move(text)};
    if (buffer_ && !buffer_->hold(buffer_->held() + answer.text.size()))
      answer.text = refusal(answer.id, buffer_->refused(address_));
  }
  void arrived() {
    if (--missing_ > 0) return;
    std::string array = "[";
    array.reserve(std::accumulate(
        answers_.begin(), answers_.end(), std::size_t{2},
        [](std::size_t sum, const Answer& each) { return sum + each.text.size() + 1; }));
    for (Answer& each : answers_) {
      if (!each.text.empty()) array.append(array.size() > 1 ? "," : "").append(each.text);
      each = {};  // one by one: two copies of all answers would exceed the budget
    }
    buffer_.reset();  // the connection that takes the array counts it
    mux::Answer answer;
    answer.outcome = array.size() > 1 ? mux::Outcome::kResult : mux::Outcome::kCancelled;
    if (array.size() > 1) answer.text = std::move(array) + "]";
    deliver_(std::move(answer));
  }

 private:
  struct Answer {
    std::string id{};
    std::string text{};  // empty: no answer for this message
  };

  void evict_idle() {
    const std::string why = buffer_->refused(address_);
    for (Answer& each : answers_) {
      if (!each.text.empty()) each.text = refusal(each.id, why);
    }
  }
  static std::string refusal(std::string_view id, std::string_view why) {
    return error_text(id, mcp::code::kBusy, fmt::format("no room for this answer: {}", why));
  }

  std::vector<Answer> answers_;
  std::size_t missing_ = 0;
  mux::Reply::Deliver deliver_;
  const std::string address_;
  std::optional<http::Budget::Buffer> buffer_;
};

tl::unexpected<jsonrpc::ParseError> refused(std::string message) {
  return tl::unexpected<jsonrpc::ParseError>(
      {mcp::code::kInvalidRequest, std::move(message), "null"});
}

}  // namespace

bool takes_batches(const Session& session) { return session.version() == kBatchVersion; }

bool PostBody::wants_answer() const {
  return std::any_of(elements.begin(), elements.end(), [](const Element& element) {
    return !element || element->kind() == jsonrpc::Kind::kRequest;
  });
}

std::string PostBody::id() const {
  if (batch || !elements.front() || elements.front()->kind() != jsonrpc::Kind::kRequest)
    return "null";
  return std::string(elements.front()->id());
}

tl::expected<PostBody, jsonrpc::ParseError> parse_post_body(std::string text, bool batches) {
  PostBody body;
  body.batch = batches && jsonrpc::looks_like_batch(text);
  if (!body.batch) {
    auto message = jsonrpc::parse(std::move(text));
    if (!message) return tl::unexpected(std::move(message.error()));
    body.elements.push_back(std::move(message));
    return body;
  }
  jsonrpc::pad(text);
  const auto places = jsonrpc::find_elements(text, jsonrpc::whole(text));
  if (!places) {
    return tl::unexpected<jsonrpc::ParseError>(
        {mcp::code::kParseError, places.error().message, "null"});
  }
  if (places->empty()) return refused("a batch must not be empty");
  if (places->size() > kMaxBatch)
    return refused(
        fmt::format("a batch may have {} messages, this one has {}", kMaxBatch, places->size()));
  for (const jsonrpc::Span place : *places) {
    body.elements.push_back(jsonrpc::parse(std::string(place.in(text))));
  }
  return body;
}

Result<void> receive(Session& session, PostBody body, mux::Reply::Deliver deliver,
                     mux::Reply::Notify notify) {
  if (!body.batch)
    return session.receive(std::move(*body.elements.front()), std::move(deliver), std::move(notify),
                           std::move(body.trace));

  auto collected = std::make_shared<Collected>(session, body.elements.size(), std::move(deliver));
  const bool wanted = body.wants_answer();
  collected->expect();  // of this loop, because calls may be answered while it runs
  for (std::size_t at = 0; at < body.elements.size(); ++at) {
    PostBody::Element& element = body.elements[at];
    if (!element) {
      const jsonrpc::ParseError& error = element.error();
      collected->put(at, error.id, error_text(error.id, error.code, error.message));
      continue;
    }
    if (element->kind() != jsonrpc::Kind::kRequest) {
      static_cast<void>(session.receive(std::move(*element), nullptr));
      continue;
    }
    const std::string id(element->id());
    if (element->method() == mcp::method::kInitialize) {
      // MCP 2025-03-26, Lifecycle: initialize must not be part of a batch.
      collected->put(
          at, id,
          error_text(id, mcp::code::kInvalidRequest, "initialize must not be part of a batch"));
      continue;
    }
    collected->expect();
    const auto received = session.receive(
        std::move(*element),
        [collected, at, id](mux::Answer answer) {
          collected->put(at, id, std::move(answer.text));
          collected->arrived();
        },
        notify, body.trace);
    if (!received) {
      collected->put(at, id, error_text(id, mcp::code::kInvalidRequest, received.error().message));
      collected->arrived();
    }
  }
  if (wanted) collected->arrived();
  return {};
}

}  // namespace sidecar::session
