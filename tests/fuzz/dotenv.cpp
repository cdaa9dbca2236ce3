// Any bytes are either a `.env` file or a one-line error. A parsed file can be written and parsed
// again.
#include "config/dotenv.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.hpp"

using namespace sidecar::config;
using sidecar::fuzz::require;

namespace {

// A value in a form whose meaning does not depend on the lines after it; none if the grammar has no
// such form, as for a value with line ends and all three kinds of quotes.
std::optional<std::string> written(const std::string& value) {
  const auto lacks = [&value](std::string_view part) {
    return value.find(part) == std::string::npos;
  };
  if (value.find_first_of("\"'`\n\r\\# \t\v\f") == std::string::npos) return value;
  for (const char* const quote : {"'", "`"}) {
    if (lacks(quote) && lacks("\r") && !value.ends_with('\\')) return quote + value + quote;
  }
  if (!lacks("\"") || !lacks("\\n") || !lacks("\\r") || value.ends_with('\\')) return std::nullopt;
  std::string text = "\"";
  for (const char c : value) {
    if (c == '\r')
      text += "\\r";
    else if (c == '\n')
      text += "\\n";
    else
      text += c;
  }
  return text + "\"";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = parse_dotenv(bytes, ".env");
  if (!read) {
    require(!read.error().message.empty(), "an error says something");
    require(read.error().message.find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  std::string canonical;
  std::vector<DotenvPair> expected;
  for (const DotenvPair& pair : read->pairs) {
    require(pair.name.find_first_of("= \t\n\r'\"`") == std::string::npos && !pair.name.empty(),
            "a name is a word");
    require(pair.value.find('\0') == std::string::npos, "a value has no NUL");
    require(pair.line >= 1, "a value has a line");
    const auto text = written(pair.value);
    if (!text) continue;
    const auto line =
        static_cast<std::size_t>(1 + std::count(canonical.begin(), canonical.end(), '\n'));
    canonical += pair.name + "=" + *text + "\n";
    expected.push_back({pair.name, pair.value, line});
  }
  for (const std::string& warning : read->warnings)
    require(warning.find('\n') == std::string::npos, "a warning is one line");
  if (canonical.size() > kMaxDotenvBytes) return 0;
  const auto again = parse_dotenv(canonical, ".env");
  require(again.has_value(), "what was read can be read again");
  require(again->pairs == expected, "what was written is what was read");
  return 0;
}
