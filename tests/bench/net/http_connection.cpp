#include "bench/net/http_connection.hpp"

namespace sidecar::bench {

void HttpConnection::request(std::string_view head, std::string_view body) {
  StreamSink& sink = *this;
  if (!stream_) stream_ = std::make_unique<Stream>(loop_, connect_to(port_), sink);
  busy_ = true;
  stream_->send(head, body);
}

void HttpConnection::on_bytes(std::string_view bytes) {
  if (reader_.feed(bytes)) return;
  stream_.reset();
  callbacks_.on_failed("no HTTP answer: " + std::string(bytes.substr(0, 80)));
}

void HttpConnection::on_closed(const std::string& why) {
  stream_.reset();
  const bool whole = reader_.finish();
  if (busy_ || !whole) callbacks_.on_failed(why);
}

void HttpConnection::on_body(std::string_view piece) {
  body_bytes_ += piece.size();
  callbacks_.on_body(piece);
}

void HttpConnection::on_end() {
  busy_ = false;
  callbacks_.on_end();
}

}  // namespace sidecar::bench
