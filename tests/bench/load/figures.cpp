#include "bench/load/figures.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>

namespace sidecar::bench {
namespace {

// Nearest rank. REQUIRES: `values` are sorted.
double percentile(const std::vector<float>& values, double part) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(values.size())));
  return static_cast<double>(values[std::max<std::size_t>(rank, 1) - 1]);
}

double rounded(double value) { return std::round(value * 10) / 10; }

}  // namespace

double Figures::median() {
  std::sort(latencies_.begin(), latencies_.end());
  return percentile(latencies_, 0.5);
}

Json Figures::json(std::chrono::duration<double> took) {
  std::sort(latencies_.begin(), latencies_.end());
  const double seconds = std::max(took.count(), 1e-9);
  Json json = {{"calls", calls()},
               {"seconds", seconds},
               {"callsPerSecond", rounded(static_cast<double>(calls()) / seconds)},
               {"megabytesPerSecond", rounded(static_cast<double>(bytes_) / 1e6 / seconds)}};
  for (const auto& [name, part] :
       {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1.0}})
    json[name] = rounded(percentile(latencies_, part));
  json["errors"] = errors_;
  json["foreign"] = foreign_;
  json["firstError"] = first_error_.empty() ? Json() : Json(first_error_);
  return json;
}

double cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

}  // namespace sidecar::bench
