#include "jsonrpc/batch.hpp"

#include "jsonrpc/message.hpp"

namespace sidecar::jsonrpc {

bool looks_like_batch(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '[';
}

Result<std::vector<std::string>> take_apart(const std::string& text) {
  const auto places = find_elements(text, {});
  if (!places) return tl::unexpected(places.error());
  std::vector<std::string> elements;
  elements.reserve(places->size());
  for (const Span place : *places) elements.emplace_back(place.in(text));
  return elements;
}

}  // namespace sidecar::jsonrpc
