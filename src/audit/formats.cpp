#include "audit/formats.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "audit/columns.hpp"

namespace sidecar::audit {
namespace {

constexpr std::string_view kFormulas = "=+-@\t\r";

std::string csv_cell(std::string_view text) {
  std::string cell;
  if (!text.empty() && kFormulas.find(text.front()) != std::string_view::npos) cell += '\'';
  cell += text;
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  for (std::size_t at = cell.find('"'); at != std::string::npos; at = cell.find('"', at + 2))
    cell.insert(at, 1, '"');
  return fmt::format("\"{}\"", cell);
}

std::string value_text(const Record& record, const Column& column) {
  if (is_time(column)) return time_text(record.time);
  if (column.number != nullptr) return std::to_string(record.*column.number);
  return csv_cell(record.*column.text);
}

// Control characters become '?', an empty text "-".
std::string word(std::string_view text) {
  if (text.empty()) return "-";
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  // C1 control characters in UTF-8.
  for (std::size_t at = shown.find('\xc2'); at != std::string::npos;
       at = shown.find('\xc2', at + 1)) {
    if (at + 1 < shown.size() && static_cast<unsigned char>(shown[at + 1]) < 0xa0)
      shown.replace(at, 2, "?");
  }
  return shown;
}

}  // namespace

std::string csv_head() {
  std::string line;
  for (const Column& column : kColumns) line.append(line.empty() ? "" : ",").append(column.name);
  return line + "\r\n";
}

std::string csv_row(const Record& record) {
  std::string line;
  for (const Column& column : kColumns)
    line.append(column.name == kColumns[0].name ? "" : ",").append(value_text(record, column));
  return line + "\r\n";
}

std::string json_row(const Record& record, bool first) {
  return fmt::format("{}{}", first ? "[\n" : ",\n", to_json(record));
}

std::string json_end(bool empty) { return empty ? "[]\n" : "\n]\n"; }

std::string text_row(const Record& record) {
  const std::string what = record.tool.empty()
                               ? word(record.method)
                               : fmt::format("{} {}", word(record.method), word(record.tool));
  const std::string server =
      record.server == observe::kDefaultServer ? "" : word(record.server) + "  ";
  return fmt::format("{}  {}  {}  {}  {}{}  {}  {:.1f} ms{}{}\n", time_text(record.time),
                     word(record.key), word(record.address), word(record.transport), server, what,
                     word(record.outcome), static_cast<double>(record.duration) / 1'000,
                     record.error.empty() ? "" : "  ",
                     record.error.empty() ? "" : word(record.error));
}

}  // namespace sidecar::audit
