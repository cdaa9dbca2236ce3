// SseReader: parses events from a stream of bytes (WHATWG HTML, Server-sent events). Ignores ids
// and retry times.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sidecar::bench {

class SseReader {
 public:
  // `event`: its name, empty for the default one. Views are valid during the call only.
  std::function<void(std::string_view event, std::string_view data)> on_event;
  std::function<void()> on_comment = [] {};

  void feed(std::string_view bytes);

 private:
  void read_line(std::string_view line);

  std::string line_;  // the incomplete line
  std::string event_;
  std::string data_;
  bool has_data_ = false;
};

}  // namespace sidecar::bench
