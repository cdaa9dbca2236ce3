// Connection: one TCP connection of a client. Reads requests one after the other, has the head
// checked, gives the whole request to the engine, and writes the answer: at once, later, or as an
// event stream.
//
//   state      event                 next state
//   idle       first byte            reading
//   reading    request complete      awaiting
//   awaiting   answer                idle, or finishing when the connection is to be closed
//   awaiting   event stream opened   streaming
//   streaming  event stream ended    idle, or finishing
//   finishing  all bytes written     lingering; closed if the client's input has ended
//   lingering  end of input          closed
//
// Lingering: the sending side is shut down and input is discarded, for at most kLingerTime.
//
// Reads and writes never block; they use shared buffers, so an idle connection holds no buffer.
// While an answer is awaited or streamed the socket is still read: end of input means that the
// client is gone (also if it closed only its sending side). Other input is kept for the next
// request; beyond kPipelinedInput nothing more is read, so the end of such a client is noticed only
// after its answer. Knows nothing about the meaning of routes, access or MCP. Owned by
// ConnectionTable; loop thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/event_stream.hpp"
#include "http/output_queue.hpp"
#include "http/request_reader.hpp"
#include "http/server_context.hpp"
#include "http/watchdog.hpp"

namespace sidecar::http {

// shared_ptr: pending socket operations keep it alive after it has left the table; handlers hold
// weak_ptrs.
class Connection : public std::enable_shared_from_this<Connection>, public EventSink {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                  boost::asio::io_context::executor_type>;

  // Limits in bytes:
  // input kept while an answer is pending; one read may exceed it
  static constexpr std::size_t kPipelinedInput = 64 << 10;
  // unread answers; beyond it no further request is started
  static constexpr std::size_t kPipelinedOutput = 64 << 10;
  // one piece of output that is accepted without asking the budget; settle() counts what is unsent
  static constexpr std::size_t kUncheckedOutput = 64 << 10;
  // written to the socket in one turn of the loop
  static constexpr std::size_t kWriteTurn = 1 << 20;
  // input discarded in kFinishing and kLingering; beyond it the connection is closed
  static constexpr std::size_t kLingerBytes = 32 << 20;
  // How long the client may take to close after our last byte.
  static constexpr std::chrono::seconds kLingerTime{5};

  // `context` may be destroyed once the connection is closed. `socket` is non-blocking.
  Connection(ServerContext& context, Socket socket, std::string peer_address);
  ~Connection() override;

  void start();
  const std::string& peer_address() const { return peer_address_; }
  // A request is being read, handled or answered; event streams do not count.
  bool busy() const;
  // Serves no further request: closes now if idle, else after the current answer.
  void retire();
  // Ends the event stream and closes once all output is written; a request that is being handled is
  // still answered.
  void shut_down();
  // Closes now and runs the on_closed or on_abandoned callback.
  void abort();
  // Closes now without any callback.
  void abandon_silently();
  // Called by the table: closes soon, to make room for another connection. `reason`: label of
  // mcp_sidecar_refused_total.
  void make_room(std::string_view reason);
  ConnectionTable::Places& places() { return places_; }
  // Writes output, starts pipelined requests and re-arms waits. See ServerContext::work_soon.
  void work();

 private:
  enum class State : std::uint8_t {
    kIdle,
    kReading,
    kAwaiting,
    kStreaming,
    kFinishing,
    kLingering,
    kClosed
  };
  class Answer;
  // The request that is being read or awaits its answer.
  struct PendingRequest {
    explicit PendingRequest(const Limits& limits) : reader(limits) {}

    RequestReader reader;
    RouteMatch route;          // moved into the EngineCall while the handler runs
    ReplyFields reply_fields;  // from the head check's verdict and the route
    std::function<void()> on_abandoned;
    EndpointCounters* endpoint = nullptr;
    unsigned version = 11;
    bool head_only = false;
    bool keep_alive = false;
    bool gzipped = false;  // the body
  };

  // Input
  void arm_read();
  void on_readable();
  void on_input(std::string_view input);
  void on_input_end();
  bool takes_requests() const;
  void read_requests(std::string_view input);
  void on_head(std::string_view& input);
  void on_request();
  void refuse(int status, std::string_view why);
  // Counts the admitted request for its client; false: it was turned away because of the
  // connections or bytes that the client holds. `known`: Verdict::known.
  bool take_place(bool known, std::string_view& input);
  void turn_away(Response response, std::string_view& input);
  // Replaces a gzipped body by its text and removes a byte order mark. False: the body was refused,
  // and the request answered.
  bool decode_body();
  // Refuses a request whose body has arrived.
  void refuse_body(int status, std::string_view why);

  // Answers
  void reply(Response response);
  void drop_request();
  std::unique_ptr<SseStream> open_sse(const Fields& fields, const SseOptions& options);
  void on_abandoned(std::function<void()> action);
  void write_answer(Response response, bool keep_alive);
  void finish_answer(bool keep_alive);
  EndpointCounters& endpoint();

  // EventSink
  void push_event(Piece piece) override;
  void end_stream() override;
  std::size_t queued_bytes() const override { return out_.bytes(); }
  std::uint64_t sent_bytes() const override { return sent_; }
  void leave_stream();

  // Whether the budget accepts these bytes in addition to those held. Up to kUncheckedOutput bytes
  // are accepted without asking; settle() counts them.
  bool takes(std::size_t bytes);
  std::size_t held_bytes() const;
  // The budget refuses the bytes held: a request gets 503, an event stream or an answer is cut.
  void over_budget();

  // Output and time
  void enqueue(Piece piece);
  void flush(std::size_t most = kWriteTurn);
  void arm_write();
  void work_soon();
  void linger();
  void set_deadline();
  void on_deadline();
  void settle();
  void close(SseClosed reason);
  void release();

  ServerContext& context_;
  Socket socket_;
  std::string peer_address_;
  std::unique_ptr<PendingRequest> pending_request_;
  EngineCall* call_ = nullptr;  // while its handler runs
  EventStream* stream_ = nullptr;
  std::string pending_;  // input for the next requests
  OutputQueue out_;
  Watchdog watchdog_;
  Clock::time_point since_;     // start of the state; kReading: arrival of the first byte
  Clock::time_point progress_;  // when the socket last took bytes, or when output became pending
  std::uint64_t sent_ = 0;
  std::size_t lingered_ = 0;
  Budget::Buffer buffer_;
  ConnectionTable::Places places_;
  std::optional<SseClosed> cut_;  // settle() closes the connection for this reason
  State state_ = State::kIdle;
  bool read_armed_ = false;
  bool write_armed_ = false;
  bool work_queued_ = false;
  bool resting_ = false;      // as in ConnectionTable::rest()
  bool over_budget_ = false;  // the budget evicted its bytes
  bool input_ended_ = false;
  bool stream_keeps_alive_ = false;  // another request may follow the event stream
};

}  // namespace sidecar::http
