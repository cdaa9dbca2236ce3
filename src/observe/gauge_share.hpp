// GaugeShare: what one of several adds to a gauge that tells of all together. Takes it back when it
// goes. The gauge outlives it.
#pragma once

#include <cstddef>
#include <prometheus/gauge.h>
#include <utility>

namespace sidecar::observe {

class GaugeShare {
 public:
  explicit GaugeShare(prometheus::Gauge& gauge) : gauge_(gauge) {}
  ~GaugeShare() { set(0); }
  GaugeShare(const GaugeShare&) = delete;
  GaugeShare& operator=(const GaugeShare&) = delete;

  void set(std::size_t value) {
    const std::size_t before = std::exchange(value_, value);
    if (value != before) gauge_.Increment(static_cast<double>(value) - static_cast<double>(before));
  }

 private:
  prometheus::Gauge& gauge_;
  std::size_t value_ = 0;
};

}  // namespace sidecar::observe
