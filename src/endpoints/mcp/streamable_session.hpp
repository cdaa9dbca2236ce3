// StreamableSession: a session over Streamable HTTP: its open POSTs, its GET stream, and the ended
// streams that its client may still ask for. Each message goes on exactly one of them (MCP
// 2025-11-25, Transports, Multiple Connections). Owned by SessionTable; loop thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "endpoints/mcp/post_response.hpp"
#include "session/post_body.hpp"
#include "session/session.hpp"

namespace sidecar::endpoints {

class StreamableSession : public session::Session {
 public:
  static constexpr std::size_t kFinishedStreams = 32;  // kept for a client that comes back
  // Within this the client is expected to open its GET stream, at first and when it has lost it.
  static constexpr std::chrono::seconds kReturnTime{60};

  // `parts` outlives the session.
  StreamableSession(std::string id, std::shared_ptr<const observe::Caller> caller,
                    mux::Instances& instances, const StreamableParts& parts);
  // Who still waits hears that the session has ended.
  ~StreamableSession() override;

  // The first POST. `failed` is called when the session was not made: its client never learns of
  // it.
  void initialize(http::Exchange exchange, session::PostBody body, Accepted accepted,
                  const std::function<void()>& failed);
  // Every other POST.
  void post(http::Exchange exchange, session::PostBody body, Accepted accepted);

  // The GET stream.
  EventChannel& listening() { return listening_; }
  // Any stream that has begun, by its number; nullptr when it is not known (any more).
  EventChannel* stream(std::uint64_t number);

  void on_message(std::string text) override;
  bool listens() const override;
  bool expendable() const override;

 private:
  PostResponse& add(http::Exchange exchange, PostResponse::Kind kind, Accepted accepted,
                    std::string id);
  void answer(std::uint64_t number, mux::Answer answer);
  void message(std::uint64_t number, std::string text);
  PostResponse* streaming_post() const;

  const StreamableParts& parts_;
  EventChannel listening_;
  std::uint64_t next_stream_ = 1;  // 0 is the GET stream
  std::map<std::uint64_t, std::unique_ptr<PostResponse>> posts_;
  std::deque<std::unique_ptr<EventChannel>> finished_;  // oldest first
};

}  // namespace sidecar::endpoints
