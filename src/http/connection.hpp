// Connection: one TCP connection of a client. Reads requests one after the other, has the head
// judged, gives the whole request to the engine, and writes what comes back: at once, later, or as
// a stream of events.
//
//   idle ─bytes→ reading ─complete→ awaiting ─answer→ idle, or finishing ─written→ lingering → closed
//                                       └─event stream→ streaming ─ended→ idle, or finishing
//
// All reads and writes are tried without blocking when the socket is ready, from shared buffers: an
// idle connection holds no buffer. While an answer is awaited or streamed the socket is still read:
// an end of input means that the client is gone (also when it only closed its sending side). Other
// bytes wait for their turn; from kPipelinedInput on no more are read, and such a client's end is
// seen after its answer. Knows nothing of routes' meaning, of access or of MCP. Loop thread only.
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
#include "http/server_context.hpp"
#include "http/watchdog.hpp"

namespace sidecar::http {

// shared_ptr: pending socket operations and the handles given to handlers reach it, whoever lives
// longest.
class Connection : public std::enable_shared_from_this<Connection>, public EventSink {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                  boost::asio::io_context::executor_type>;

  // waiting meanwhile, give or take a read
  static constexpr std::size_t kPipelinedInput = 64 << 10;
  static constexpr std::size_t kPipelinedOutput =
      64 << 10;  // unread answers; beyond it no further request is begun
  // taken; what the socket leaves of it is counted
  static constexpr std::size_t kUncheckedOutput = 64 << 10;
  // given to the socket in one turn of the loop
  static constexpr std::size_t kWriteTurn = 1 << 20;
  static constexpr std::size_t kLingerBytes = 32 << 20;  // of an unwanted body, read away
  // for the client to close, after our last byte
  static constexpr std::chrono::seconds kLingerTime{5};

  // `front` may be gone once the connection is closed. `socket` does not block.
  Connection(ServerContext& context, Socket socket, std::string peer_address);
  ~Connection() override;

  void start();
  const std::string& peer_address() const { return peer_address_; }
  // A request is read, handled or answered; event streams do not count.
  bool busy() const;
  // No further request: closed now when idle, else with its next answer.
  void retire();
  // Ends its event stream and closes once all is written; a request that is being handled is still
  // answered.
  void shut_down();
  // Closed now. Who waits on it hears of it.
  void abort();
  // Closed now, and nobody hears of it.
  void abandon_silently();
  // For the table: closed soon, because the place is needed. `reason` is the metric's.
  void make_room(std::string_view reason);
  ConnectionTable::Places& places() { return places_; }
  // A turn of work: writes, begins requests that wait, arms what has to be armed. See
  // ServerContext::work_soon.
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
  struct PendingRequest;

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
  // Of a request whose head was let in: false when it is turned away because of what its client
  // holds. `known`: Verdict::known.
  bool take_place(bool known, std::string_view& input);
  void turn_away(Response response, std::string_view& input);

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

  // Whether the budget takes these bytes on top of what is held. A few are taken, and counted by
  // settle().
  bool takes(std::size_t bytes);
  std::size_t held_bytes() const;
  // The budget has no room for what is held: a request gets 503, an event stream or an answer is
  // cut.
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
  // the request that is read or awaits its answer
  std::unique_ptr<PendingRequest> pending_request_;
  EngineCall* call_ = nullptr;  // while its handler runs
  EventStream* stream_ = nullptr;
  std::string pending_;  // input that waits for its turn
  OutputQueue out_;
  Watchdog watchdog_;
  Clock::time_point since_;     // when the state began; of kReading: when the first byte came
  Clock::time_point progress_;  // when bytes were last taken, or began to wait
  std::uint64_t sent_ = 0;
  std::size_t lingered_ = 0;
  Budget::Buffer buffer_;
  ConnectionTable::Places places_;
  std::optional<SseClosed> cut_;  // to be closed at the next chance, and why
  State state_ = State::kIdle;
  bool read_armed_ = false;
  bool write_armed_ = false;
  bool work_queued_ = false;
  bool resting_ = false;      // in the table
  bool over_budget_ = false;  // others need the room
  bool input_ended_ = false;
  bool stream_keeps_alive_ = false;  // another request may follow the event stream
};

}  // namespace sidecar::http
