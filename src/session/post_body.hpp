// PostBody: the body of one POST: a message or, in a session of MCP 2025-03-26, a batch. A batch is
// split into its messages and answered with one array. Used by both transports; knows nothing of
// how they send the answer. Loop thread only.
#pragma once

#include <string>
#include <vector>

#include "jsonrpc/message.hpp"
#include "session/session.hpp"

namespace sidecar::session {

inline constexpr std::size_t kMaxBatch = 100;  // messages

struct PostBody {
  using Element = tl::expected<jsonrpc::Message, jsonrpc::ParseError>;

  // Of a batch: all elements, with an error for each that is not a message. Else one message.
  std::vector<Element> elements;
  bool batch = false;
  observe::TraceContext trace{};  // of the HTTP request

  // Whether the body is answered: it has a request, or an element that is not a message.
  bool wants_answer() const;
  // The token of its request; "null" for a batch or another message. For errors about the body.
  std::string id() const;
};

// Whether this session may send batches.
bool takes_batches(const Session& session);

// Errors: the whole text is refused: it is not a message, an array without `batches`, an empty
// batch, or a batch of more than kMaxBatch messages.
tl::expected<PostBody, jsonrpc::ParseError> parse_post_body(std::string text, bool batches);

// Passes the messages to the session, in their order. `deliver` is called once if the body
// wants_answer(), possibly from inside this call; for a batch with the array of all answers, or
// with kCancelled if the client withdrew all of its calls. `notify`: see mux::Reply; for all calls
// of the body. Errors: as Session::receive(); those of a batch are in its array.
Result<void> receive(Session& session, PostBody body, mux::Reply::Deliver deliver,
                     mux::Reply::Notify notify = nullptr);

}  // namespace sidecar::session
