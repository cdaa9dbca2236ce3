#include "demo/local_time.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <utility>

namespace sidecar::demo {
namespace {

constexpr std::array<std::pair<std::string_view, const char*>, 3> kFormats = {{
    {"iso8601", "%Y-%m-%dT%H:%M:%S%z"},
    {"rfc2822", "%a, %d %b %Y %H:%M:%S %z"},
    {"unix", "%s"},
}};

const char* pattern_of(std::string_view format) {
  const auto* found = std::find_if(kFormats.begin(), kFormats.end(),
                                   [&](const auto& row) { return row.first == format; });
  return found == kFormats.end() ? nullptr : found->second;
}

// libc takes an unknown zone for UTC without a word, so the database is asked first.
bool zone_known(const std::string& zone) {
  if (zone == "UTC") return true;
  const bool plain = std::all_of(zone.begin(), zone.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  });
  if (!plain || zone.empty() || zone.front() == '/') return false;
  std::error_code ignored;
  return std::filesystem::is_regular_file(std::filesystem::path("/usr/share/zoneinfo") / zone,
                                          ignored);
}

}  // namespace

bool is_time_format(std::string_view format) { return pattern_of(format) != nullptr; }

std::optional<std::string> format_now(const std::string& zone, std::string_view format) {
  if (!zone_known(zone)) return std::nullopt;
  setenv("TZ", zone.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread, see the header
  tzset();
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), pattern_of(format), &parts);
  return std::string(text.data(), size);
}

}  // namespace sidecar::demo
