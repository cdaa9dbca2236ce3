#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include "observe/metrics.hpp"

namespace sidecar::observe {
namespace {

// Fields of /proc/self/stat, numbered as in proc(5). Field 3 follows the process name.
constexpr int kFirstField = 3;
constexpr int kUserTime = 14;
constexpr int kSystemTime = 15;
constexpr int kStartTime = 22;
constexpr int kVirtualBytes = 23;
constexpr int kResidentPages = 24;

struct Stat {
  double cpu_seconds = 0;
  double start_seconds = 0;  // after boot
  double virtual_bytes = 0;
  double resident_bytes = 0;
};

std::optional<Stat> read_stat() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::size_t name_end = text.rfind(')');  // the name may contain spaces
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  Stat stat;
  std::string word;
  for (int field = kFirstField; field <= kResidentPages && fields >> word; ++field) {
    const double value = field == kFirstField ? 0 : std::strtod(word.c_str(), nullptr);
    if (field == kUserTime || field == kSystemTime) stat.cpu_seconds += value / ticks;
    if (field == kStartTime) stat.start_seconds = value / ticks;
    if (field == kVirtualBytes) stat.virtual_bytes = value;
    if (field == kResidentPages)
      stat.resident_bytes = value * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }
  return stat;
}

// Seconds since 1970.
std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double value = 0;
    if (word == "btime" && file >> value) return value;
  }
  return std::nullopt;
}

std::optional<double> open_files() {
  std::error_code error;
  double count = 0;
  for (auto each = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    ++count;
  }
  if (error) return std::nullopt;
  return count - 1;  // without the descriptor of this iteration
}

std::optional<double> most_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

prometheus::MetricFamily family(const char* name, const char* help, prometheus::MetricType type,
                                double value) {
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter)
    metric.counter.value = value;
  else
    metric.gauge.value = value;
  return {name, help, type, {metric}};
}

}  // namespace

std::vector<prometheus::MetricFamily> process_metrics() {
  using prometheus::MetricType;
  std::vector<prometheus::MetricFamily> families;
  const auto gauge = [&families](const char* name, const char* help, std::optional<double> value) {
    if (value) families.push_back(family(name, help, MetricType::Gauge, *value));
  };
  if (const auto stat = read_stat()) {
    families.push_back(family("process_cpu_seconds_total",
                              "User and system CPU time spent, in seconds", MetricType::Counter,
                              stat->cpu_seconds));
    gauge("process_resident_memory_bytes", "Resident memory size in bytes", stat->resident_bytes);
    gauge("process_virtual_memory_bytes", "Virtual memory size in bytes", stat->virtual_bytes);
    if (const auto boot = boot_time())
      gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds",
            *boot + stat->start_seconds);
  }
  gauge("process_open_fds", "Number of open file descriptors", open_files());
  gauge("process_max_fds", "Maximum number of open file descriptors", most_files());
  return families;
}

}  // namespace sidecar::observe
