#include "session/posted.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "jsonrpc/batch.hpp"
#include "jsonrpc/splice.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::session {
namespace {

constexpr std::string_view kBatchVersion = "2025-03-26";  // the one revision that has batches

// The answers of one batch, in the order of its messages. Shared by the replies of its calls: the last one
// delivers.
class Collected {
 public:
  Collected(std::size_t size, mux::Reply::Deliver deliver) : texts_(size), deliver_(std::move(deliver)) {}

  void expect() { ++missing_; }
  void put(std::size_t at, std::string text) { texts_[at] = std::move(text); }
  void arrived() {
    if (--missing_ > 0) return;
    std::string array = "[";
    for (const std::string& text : texts_) {
      if (!text.empty()) array.append(array.size() > 1 ? "," : "").append(text);
    }
    mux::Answer answer;
    answer.outcome = array.size() > 1 ? mux::Outcome::kResult : mux::Outcome::kCancelled;
    if (array.size() > 1) answer.text = std::move(array) + "]";
    deliver_(std::move(answer));
  }

 private:
  std::vector<std::string> texts_;  // empty: no answer belongs here
  std::size_t missing_ = 0;
  mux::Reply::Deliver deliver_;
};

tl::unexpected<jsonrpc::ParseError> refused(std::string message) {
  return tl::unexpected<jsonrpc::ParseError>({mcp::code::kInvalidRequest, std::move(message), "null"});
}

std::string error_text(std::string_view id, int code, std::string_view message) {
  return jsonrpc::error_text(id, jsonrpc::error_object(code, message));
}

}  // namespace

bool takes_batches(const Session& session) { return session.version() == kBatchVersion; }

bool Posted::wants_answer() const {
  return std::any_of(elements.begin(), elements.end(), [](const Element& element) {
    return !element || element->kind() == jsonrpc::Kind::kRequest;
  });
}

tl::expected<Posted, jsonrpc::ParseError> parse_posted(std::string text, bool batches) {
  Posted posted;
  posted.batch = batches && jsonrpc::looks_like_batch(text);
  if (!posted.batch) {
    auto message = jsonrpc::parse(std::move(text));
    if (!message) return tl::unexpected(std::move(message.error()));
    posted.elements.push_back(std::move(message));
    return posted;
  }
  jsonrpc::pad(text);
  const auto places = jsonrpc::find_elements(text, {});
  if (!places) {
    return tl::unexpected<jsonrpc::ParseError>({mcp::code::kParseError, places.error().message, "null"});
  }
  if (places->empty()) return refused("a batch must not be empty");
  if (places->size() > kLargestBatch)
    return refused(
        fmt::format("a batch may have {} messages, this one has {}", kLargestBatch, places->size()));
  for (const jsonrpc::Span place : *places) {
    posted.elements.push_back(jsonrpc::parse(std::string(place.in(text))));
  }
  return posted;
}

Result<void> receive(Session& session, Posted posted, mux::Reply::Deliver deliver,
                     mux::Reply::Notify notify) {
  if (!posted.batch)
    return session.receive(std::move(*posted.elements.front()), std::move(deliver), std::move(notify));

  auto collected = std::make_shared<Collected>(posted.elements.size(), std::move(deliver));
  const bool wanted = posted.wants_answer();
  collected->expect();  // for this loop: calls may be answered while it runs
  for (std::size_t at = 0; at < posted.elements.size(); ++at) {
    Posted::Element& element = posted.elements[at];
    if (!element) {
      collected->put(at, error_text(element.error().id, element.error().code, element.error().message));
      continue;
    }
    if (element->kind() != jsonrpc::Kind::kRequest) {
      static_cast<void>(session.receive(std::move(*element), nullptr));
      continue;
    }
    const std::string id(element->id());
    if (element->method() == mcp::method::kInitialize) {
      // MCP 2025-03-26, Lifecycle: initialize must not be part of a batch.
      collected->put(at,
                     error_text(id, mcp::code::kInvalidRequest, "initialize must not be part of a batch"));
      continue;
    }
    collected->expect();
    const auto received = session.receive(
        std::move(*element),
        [collected, at](mux::Answer answer) {
          collected->put(at, std::move(answer.text));  // empty when it was withdrawn
          collected->arrived();
        },
        notify);
    if (!received) {
      collected->put(at, error_text(id, mcp::code::kInvalidRequest, received.error().message));
      collected->arrived();
    }
  }
  if (wanted) collected->arrived();
  return {};
}

}  // namespace sidecar::session
