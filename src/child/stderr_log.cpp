#include "child/stderr_log.hpp"

#include <fmt/format.h>

namespace sidecar::child {

void StderrLog::on_line(std::string line) {
  if (line.empty()) return;
  log_.info("child stderr", {{"child", name_}, {"line", line}});
  if (tail_.size() == kTailLines) tail_.pop_front();
  line.shrink_to_fit();
  tail_.push_back(std::move(line));
}

void StderrLog::on_line_too_long(std::string first, std::string last, std::size_t size) {
  on_line(
      fmt::format("{} … {} bytes left out … {}", first, size - first.size() - last.size(), last));
}

}  // namespace sidecar::child
