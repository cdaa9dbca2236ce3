// The scan of a message. An accepted text is one valid JSON value whose members are at the reported
// places, and no member is one that another reader takes for a known one. A text that the reference
// parser accepts is never reported as broken JSON.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "fuzz/spellings.hpp"
#include "jsonrpc/member_names.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/truncated.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

int depth_of(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  for (char c : text) {
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if (c == ']' || c == '}') --depth;
  }
  return deepest;
}

// The reference refuses two legal inputs: lone surrogates, and ids beyond double.
bool beyond_reference(std::string_view text) {
  return text.find("\\u") != std::string_view::npos ||
         text.find_first_of("eE") != std::string_view::npos || text.size() > 300;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sidecar;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (depth_of(text) > 500) return 0;  // the reference parser recurses
  // The reference skips a byte order mark and treats a NUL as the end; the scan refuses both.
  const bool lenient = text.starts_with("\xef\xbb\xbf") || text.find('\0') != std::string::npos;
  const auto message = jsonrpc::parse(text);
  const bool taken_as_json = message || message.error().code == -32600;
  const bool reference = nlohmann::json::accept(text);
  if (taken_as_json && !beyond_reference(text)) require(reference);
  if (reference && !lenient) require(taken_as_json);

  if (message) {
    require(message->text.size() == text.size());
    require(message->text.find_first_of("\r\n") == std::string::npos);
    const jsonrpc::Envelope& places = message->envelope;
    for (jsonrpc::Span span : {places.id, places.method, places.params, places.result, places.error,
                               places.name, places.uri, places.request_id, places.progress_token}) {
      require(span.end() <= message->text.size());
      if (span && !beyond_reference(text)) require(nlohmann::json::accept(span.in(message->text)));
    }
    const nlohmann::json value = nlohmann::json::parse(text, nullptr, false);
    require(value.is_discarded() || !fuzz::is_ambiguous(value));
    // A second scan accepts an accepted text again, with the same places.
    const auto again = jsonrpc::parse(message->text);
    require(again && again->id() == message->id() && again->method() == message->method());
  }
  jsonrpc::unescaped(text);
  jsonrpc::id_of_truncated(std::string_view(text).substr(0, size / 2),
                           std::string_view(text).substr(size / 2));
  return 0;
}
