// StreamableSession: a session over Streamable HTTP: its open POSTs, its GET stream, and ended
// streams that its client may still resume. Each message is sent on exactly one stream (MCP
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
  static constexpr std::string_view kTransport = "streamable-http";
  static constexpr std::size_t kFinishedStreams = 32;  // kept for a client that resumes
  // Time in which the client is expected to open its GET stream, or to reopen it.
  static constexpr std::chrono::seconds kReturnTime{60};

  // `parts` outlives the session.
  StreamableSession(std::string id, std::shared_ptr<const auth::Principal> caller,
                    mux::Instances& instances, const StreamableParts& parts);
  // Pending POSTs are answered with 404.
  ~StreamableSession() override;

  // The first POST. `done` is called before the answer. false: `initialize` has failed or its
  // client is gone, so the client has no session id; the session stays until the next turn of the
  // loop.
  void initialize(http::Exchange exchange, session::PostBody body, Accepted accepted,
                  const std::function<void(bool made)>& done);
  // Every other POST.
  void post(http::Exchange exchange, session::PostBody body, Accepted accepted);

  // The client ends the session.
  void set_ended_by_client() { ended_by_client_ = true; }

  // It ends before its client has used it in this process.
  void stay_revivable() { revivable_ = true; }

  // The GET stream.
  EventChannel& listening() { return listening_; }
  // A stream by its number; nullptr if it has not begun or is no longer kept.
  EventChannel* stream(std::uint64_t number);

  void on_message(std::string text) override;
  bool listens() const override;
  Clock::time_point last_connected() const override;
  bool expendable() const override;

 private:
  PostResponse& add(http::Exchange exchange, PostResponse::Kind kind, Accepted accepted,
                    std::string id);
  void answer(std::uint64_t number, mux::Answer answer);
  void message(std::uint64_t number, std::string text);
  PostResponse* streaming_post() const;

  const StreamableParts& parts_;
  EventChannel listening_;
  bool ended_by_client_ = false;
  bool revivable_ = false;
  std::uint64_t next_stream_ = 1;  // 0 is the GET stream
  std::map<std::uint64_t, std::unique_ptr<PostResponse>> posts_;
  std::deque<std::unique_ptr<EventChannel>> finished_;  // oldest first
};

}  // namespace sidecar::endpoints
