// PostBody: what one POST carries: a message or, for a session of MCP 2025-03-26, a batch of them,
// which is taken apart and answered as one array. Shared by the transports: what they do with the
// answer is their business. Loop thread only.
#pragma once

#include <string>
#include <vector>

#include "jsonrpc/message.hpp"
#include "session/session.hpp"

namespace sidecar::session {

inline constexpr std::size_t kMaxBatch = 100;  // messages

struct PostBody {
  using Element = tl::expected<jsonrpc::Message, jsonrpc::ParseError>;

  // Of a batch: every element, those that are no messages with what is wrong with them. Else one
  // message.
  std::vector<Element> elements;
  bool batch = false;

  // Whether somebody waits for an answer: there is a request, or an element that is no message.
  bool wants_answer() const;
};

// Whether messages of this session may come in batches.
bool takes_batches(const Session& session);

// Errors: the text is refused as a whole: no message, an array where `batches` are not taken, an
// empty or an overlong one.
tl::expected<PostBody, jsonrpc::ParseError> parse_post_body(std::string text, bool batches);

// Gives it to the session, in its order. `deliver` is called once if it wants_answer(), possibly
// from inside this call; of a batch with the array of all answers, or with kCancelled when the
// client has withdrawn all of its calls. `notify` takes what the child says about any of its calls.
// Errors as Session::receive (of a batch they are in its array).
Result<void> receive(Session& session, PostBody body, mux::Reply::Deliver deliver,
                     mux::Reply::Notify notify = nullptr);

}  // namespace sidecar::session
