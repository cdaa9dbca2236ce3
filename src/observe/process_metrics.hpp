// Process metrics: what Prometheus' client libraries tell of their process under standard names:
// CPU time, memory, open files, start. Read from /proc/self when asked; what cannot be read is left
// out. Any thread.
#pragma once

#include <prometheus/metric_family.h>
#include <vector>

namespace sidecar::observe {

std::vector<prometheus::MetricFamily> process_metrics();

}  // namespace sidecar::observe
