// The repair of lines that are not UTF-8: the result is valid, a valid text keeps every byte, and
// around the bad bytes all ASCII stays.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "fuzz/require.hpp"
#include "jsonrpc/message.hpp"

using namespace sidecar;
using fuzz::require;

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::string ascii_of(std::string_view text) {
  std::string kept;
  std::copy_if(text.begin(), text.end(), std::back_inserter(kept),
               [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return kept;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string repaired = jsonrpc::with_valid_utf8(text);
  require(jsonrpc::is_utf8(repaired), "a repaired text is valid", repaired);
  require(jsonrpc::with_valid_utf8(repaired) == repaired, "a repair is whole", repaired);
  if (jsonrpc::is_utf8(text)) {
    require(repaired == text, "a valid text keeps every byte", repaired);
    return 0;
  }
  require(repaired.find(kReplacement) != std::string::npos, "a repair can be seen", repaired);
  // So the message around the bad bytes stays readable.
  require(ascii_of(repaired) == ascii_of(text), "ASCII is kept, in its order", repaired);
  return 0;
}
