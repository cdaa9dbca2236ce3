// Figures: the measurements of one load, and their JSON.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sidecar::bench {

using Json = nlohmann::ordered_json;

class Figures {
 public:
  void add(std::chrono::nanoseconds latency) {
    latencies_.push_back(static_cast<float>(latency.count()) / 1000.0F);
  }
  void add_bytes(std::uint64_t bytes) { bytes_ += bytes; }
  void add_error(const std::string& why) {
    if (errors_++ == 0) first_error_ = why.substr(0, 500);
  }
  // An answer that belongs to another session: a fault of the server. The open call keeps waiting.
  void add_foreign() { ++foreign_; }
  std::size_t foreign() const { return foreign_; }
  std::size_t calls() const { return latencies_.size(); }
  std::size_t errors() const { return errors_; }
  double median();

  // calls, seconds, callsPerSecond, foreign, megabytesPerSecond (10^6 bytes of answers), latencies
  // in microseconds, errors.
  Json json(std::chrono::duration<double> took);

 private:
  std::vector<float> latencies_;  // microseconds
  std::uint64_t bytes_ = 0;
  std::size_t errors_ = 0;
  std::string first_error_;
  std::size_t foreign_ = 0;
};

// Seconds of CPU that this process has used.
double cpu_seconds();

}  // namespace sidecar::bench
