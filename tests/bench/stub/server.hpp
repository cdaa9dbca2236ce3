// Stub: the child of the benchmarks. Blocking, single-threaded.
#pragma once

#include <simdjson.h>
#include <string>
#include <string_view>

namespace sidecar::bench {

class Stub {
 public:
  explicit Stub(unsigned long wrong) : wrong_(wrong) {}

  // Runs until stdin ends. Returns the exit code.
  int run();

 private:
  using Value = simdjson::ondemand::value;

  void on_line(std::string_view line);
  void on_call(std::string_view id, simdjson::ondemand::object params);
  void call(std::string_view id, std::string_view tool, std::string_view message,
            std::uint64_t number);
  void answer(std::string_view id, std::string_view result);
  void refuse(std::string_view id, int code, std::string_view why);
  bool write_out();

  simdjson::ondemand::parser parser_;
  std::string in_;  // a buffer, with simdjson's padding after the bytes read
  std::string out_;
  std::string filling_;  // of big results
  bool failed_ = false;  // stdout is closed
  unsigned long wrong_;
  unsigned long echoes_ = 0;
};

}  // namespace sidecar::bench
