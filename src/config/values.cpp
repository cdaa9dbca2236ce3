#include "config/values.hpp"

#include <array>
#include <charconv>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <span>

#include "config/text.hpp"

namespace sidecar::config {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

// For formatting, the largest unit first.
constexpr std::array kDurations = {Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                                   Unit{"ms", 1}};
constexpr std::array kSizes = {Unit{"GB", 1 << 30}, Unit{"MB", 1 << 20}, Unit{"KB", 1 << 10},
                               Unit{"", 1}};
// For parsing, in addition to those above.
constexpr std::array kPlainDuration = {Unit{"", 1}, Unit{"d", 24 * 3'600'000}};
constexpr std::array kMoreSizes = {Unit{"b", 1},        Unit{"k", 1 << 10},   Unit{"kib", 1 << 10},
                                   Unit{"m", 1 << 20},  Unit{"mib", 1 << 20}, Unit{"g", 1 << 30},
                                   Unit{"gib", 1 << 30}};

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Number times unit. Saturates; the caller's bounds are far below.
std::optional<std::uint64_t> measured(std::string_view text, std::span<const Unit> units,
                                      std::span<const Unit> more) {
  text = trimmed(text);
  const auto count = digits(text.substr(0, text.find_first_not_of("0123456789")));
  if (!count) return std::nullopt;
  const auto suffix_at = text.find_first_not_of("0123456789");
  const std::string suffix =
      suffix_at == text.npos ? "" : lower_case(trimmed(text.substr(suffix_at)));
  for (const auto candidates : {units, more}) {
    for (const Unit& unit : candidates) {
      if (suffix != lower_case(unit.suffix)) continue;
      const auto most = std::numeric_limits<std::uint64_t>::max();
      return *count > most / unit.factor ? most : *count * unit.factor;
    }
  }
  return std::nullopt;
}

std::string in_largest_unit(std::uint64_t amount, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (amount >= unit.factor && amount % unit.factor == 0)
      return fmt::format("{}{}", amount / unit.factor, unit.suffix);
  }
  return fmt::format("{}", amount);
}

}  // namespace

Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto number = digits(trimmed(text));
  if (!number || *number < least || *number > most)
    return fail(fmt::format("not a whole number ({}–{})", least, most));
  return *number;
}

Result<milliseconds> parse_duration(std::string_view text, milliseconds least, milliseconds most) {
  const auto amount = measured(text, kDurations, kPlainDuration);
  if (!amount) return fail("not a duration (30000 is milliseconds; 500ms, 30s, 5m, 1h, 30d)");
  const std::string hint = digits(trimmed(text)) ? " (a plain number is milliseconds)" : "";
  if (*amount < static_cast<std::uint64_t>(least.count())) {
    return fail(fmt::format("shorter than {}{}", duration_text(least), hint));
  }
  if (*amount > static_cast<std::uint64_t>(most.count())) {
    return fail(fmt::format("longer than {}{}", duration_text(most), hint));
  }
  return milliseconds(*amount);
}

Result<std::size_t> parse_size(std::string_view text, std::size_t least, std::size_t most) {
  const auto amount = measured(text, kSizes, kMoreSizes);
  if (!amount) return fail("not a size (65536 is bytes; 64KB, 10MB, 1GB)");
  const std::string hint = digits(trimmed(text)) ? " (a plain number is bytes)" : "";
  if (*amount < least) return fail(fmt::format("less than {}{}", size_text(least), hint));
  if (*amount > most) return fail(fmt::format("more than {}{}", size_text(most), hint));
  return static_cast<std::size_t>(*amount);
}

Result<Rate> parse_rate(std::string_view text) {
  constexpr std::uint64_t kMaxRequests = 1'000'000;
  constexpr milliseconds kMinWindow{1'000};
  constexpr milliseconds kMaxWindow{24 * 3'600'000};
  text = trimmed(text);
  Rate rate;
  if (lower_case(text) == "off" || text == "0") return rate;
  const auto slash = text.find('/');
  const auto requests = digits(trimmed(text.substr(0, slash)));
  if (!requests || *requests == 0 || *requests > kMaxRequests) {
    return fail(fmt::format("not a rate (60 is 60 a minute; 100/15m; up to {} requests; off)",
                            kMaxRequests));
  }
  rate.requests = static_cast<std::size_t>(*requests);
  if (slash == text.npos) return rate;
  const auto window = parse_duration(text.substr(slash + 1), kMinWindow, kMaxWindow);
  if (!window) return fail("the window after the slash: " + window.error().message);
  rate.window = *window;
  return rate;
}

Result<bool> parse_switch(std::string_view text) {
  const std::string word = lower_case(trimmed(text));
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (word == no) return false;
  }
  return fail("neither true nor false");
}

std::string duration_text(milliseconds duration) {
  return in_largest_unit(static_cast<std::uint64_t>(duration.count()), kDurations);
}

std::string size_text(std::size_t bytes) { return in_largest_unit(bytes, kSizes); }

}  // namespace sidecar::config
