// HttpReader: parses HTTP/1.1 requests or answers from a stream of bytes. Supports only what the
// measuring programs need and expects well-formed peers on loopback; input it cannot parse is
// reported, never guessed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sidecar::bench {

struct Head {
  std::string_view first_line;
  int status = 0;  // of an answer
  bool chunked = false;
  bool has_length = false;
  std::uint64_t length = 0;
  std::string_view content_type;
  std::string_view session_id;  // Mcp-Session-Id

  bool is_event_stream() const { return content_type.starts_with("text/event-stream"); }
};

class HttpSink {
 public:
  virtual ~HttpSink() = default;
  // Views are valid during the call only.
  virtual void on_head(const Head& head) = 0;
  virtual void on_body(std::string_view piece) = 0;
  // The message is complete. The reader must not be destroyed from here.
  virtual void on_end() = 0;
};

class HttpReader {
 public:
  enum class Reads { kRequests, kAnswers };
  HttpReader(Reads what, HttpSink& sink) : what_(what), sink_(sink) {}

  // False: not HTTP; nothing more can be read.
  bool feed(std::string_view bytes);
  // At the end of the stream: completes a body without a length. False: the message is incomplete.
  bool finish();

 private:
  enum class State { kHead, kLength, kUntilClose, kChunkSize, kChunk, kChunkEnd, kTrailer };

  bool read_head(std::string_view& bytes);
  bool start_body(std::string_view head);
  bool read_chunk_line(std::string_view& bytes);
  void read_body(std::string_view& bytes);
  void end();

  const Reads what_;
  HttpSink& sink_;
  State state_ = State::kHead;
  std::string kept_;        // the beginning of a head or of a line between chunks
  std::uint64_t left_ = 0;  // of the body or of the chunk
};

}  // namespace sidecar::bench
