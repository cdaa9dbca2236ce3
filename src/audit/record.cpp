#include "audit/record.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "audit/columns.hpp"
#include "util/crypto.hpp"

namespace sidecar::audit {
namespace {

constexpr std::size_t kShownSession = 8;
constexpr std::string_view kCut = "…";
constexpr std::int64_t kSecond = 1'000'000;  // microseconds

std::int64_t microseconds(auto duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

// RFC 9562, section 5.7: 48 bits of milliseconds, the version, random bits around the variant.
std::string uuid_at(std::int64_t time) {
  std::string random = random_hex(10);
  random[0] = '7';
  random[4] = "89ab"[random[4] % 4];
  const std::string text = fmt::format(
      "{:012x}{}", static_cast<std::uint64_t>(time / 1'000) & 0xffff'ffff'ffffU, random);
  const std::string_view all = text;
  return fmt::format("{}-{}-{}-{}-{}", all.substr(0, 8), all.substr(8, 4), all.substr(12, 4),
                     all.substr(16, 4), all.substr(20));
}

bool plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0; });
}

}  // namespace

std::size_t Record::bytes() const {
  std::size_t bytes = sizeof(Record);
  for (const Column& column : kColumns) {
    if (column.text != nullptr) bytes += (this->*column.text).size();
  }
  return bytes;
}

std::string fit(std::string_view text, std::size_t most) {
  const bool cut = text.size() > most;
  if (cut) {
    std::size_t size = most - kCut.size();
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    text = text.substr(0, size);
  }
  std::string fitting(text);
  if (!plain(text)) {
    using nlohmann::json;
    fitting = json::parse(json(fitting).dump(-1, ' ', false, json::error_handler_t::replace))
                  .get<std::string>();
    for (std::size_t at = fitting.find('\0'); at != std::string::npos; at = fitting.find('\0', at))
      fitting.replace(at, 1, "\uFFFD");
  }
  if (cut) fitting += kCut;
  return fitting;
}

std::string owner_of(const auth::Principal& caller) {
  return fit(caller.owner.empty() ? caller.address : caller.owner, kMaxText);
}

Record make_record(const observe::CallRecord& call, std::string arguments) {
  Record record;
  record.time = microseconds(call.began.time_since_epoch());
  record.id = uuid_at(record.time);
  record.key = fit(call.caller.owner, kMaxText);
  record.address = fit(call.caller.address, kMaxText);
  record.session = call.source.session.substr(0, kShownSession);
  record.client = fit(call.source.client_name, kMaxText);
  record.client_version = fit(call.source.client_version, kMaxText);
  record.transport = call.source.transport;
  record.method = fit(call.method, kMaxText);
  record.tool = fit(call.subject, kMaxText);
  record.arguments = std::move(arguments);
  record.outcome = call.outcome;
  record.duration = microseconds(call.took);
  record.request_bytes = static_cast<std::int64_t>(call.request_bytes);
  record.answer_bytes = static_cast<std::int64_t>(call.answer_bytes);
  record.error = fit(call.error, kMaxText);
  record.server = fit(call.source.server, kMaxServer);
  return record;
}

std::string to_json(const Record& record) {
  nlohmann::ordered_json line;
  for (const Column& column : kColumns) {
    auto& value = line[std::string(column.name)];
    if (is_time(column))
      value = time_text(record.time);
    else if (column.number != nullptr)
      value = record.*column.number;
    else
      value = record.*column.text;
  }
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<Record> from_json(std::string_view line) {
  const auto values = nlohmann::json::parse(line, nullptr, false);
  if (!values.is_object()) return fail("not a JSON object");
  Record record;
  for (const Column& column : kColumns) {
    const auto value = values.find(column.name);
    if (value == values.end() && is_added(column)) continue;
    const bool fits = value != values.end() &&
                      (column.number != nullptr && !is_time(column) ? value->is_number_integer()
                                                                    : value->is_string());
    if (!fits) return fail(fmt::format("no {}", column.name));
    if (is_time(column)) {
      const auto time = parse_time(value->get_ref<const std::string&>());
      if (!time) return tl::unexpected(time.error());
      record.time = *time;
    } else if (column.number != nullptr) {
      record.*column.number = value->get<std::int64_t>();
    } else {
      record.*column.text = value->get<std::string>();
    }
  }
  if (record.id.empty()) return fail("no id");
  return record;
}

std::string time_text(std::int64_t time) {
  std::int64_t fraction = time % kSecond;
  if (fraction < 0) fraction += kSecond;
  const auto seconds = static_cast<std::time_t>((time - fraction) / kSecond);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     fraction);
}

Result<std::int64_t> parse_time(std::string_view text) {
  const auto wrong = [] {
    return fail("not a time such as 2026-01-31T08:30:00Z or 2026-01-31 (UTC)");
  };
  if (text.ends_with('Z')) text.remove_suffix(1);
  std::int64_t fraction = 0;
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    std::string digits(text.substr(dot + 1));
    if (digits.empty() || digits.size() > 9 ||
        digits.find_first_not_of("0123456789") != std::string::npos)
      return wrong();
    digits.resize(6, '0');
    std::from_chars(digits.data(), digits.data() + digits.size(), fraction);
    text = text.substr(0, dot);
    if (text.size() != 19) return wrong();
  }
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd";
  if (text.size() != 10 && text.size() != 16 && text.size() != kForm.size()) return wrong();
  std::array<int, 6> numbers{};
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (kForm[at] == 'd') {
      if (text[at] < '0' || text[at] > '9') return wrong();
      numbers[number] = numbers[number] * 10 + (text[at] - '0');
    } else {
      if (text[at] != kForm[at] && !(kForm[at] == 'T' && text[at] == ' ')) return wrong();
      ++number;
    }
  }
  std::tm parts{};
  parts.tm_year = numbers[0] - 1900;
  parts.tm_mon = numbers[1] - 1;
  parts.tm_mday = numbers[2];
  parts.tm_hour = numbers[3];
  parts.tm_min = numbers[4];
  parts.tm_sec = numbers[5];
  std::tm normal = parts;
  const std::time_t seconds = ::timegm(&normal);
  // timegm() turns the 31st of February into the 3rd of March.
  if (normal.tm_mon != parts.tm_mon || normal.tm_mday != parts.tm_mday ||
      normal.tm_hour != parts.tm_hour || normal.tm_min != parts.tm_min ||
      normal.tm_sec != parts.tm_sec)
    return wrong();
  return static_cast<std::int64_t>(seconds) * kSecond + fraction;
}

}  // namespace sidecar::audit
