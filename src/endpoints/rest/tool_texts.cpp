#include "endpoints/rest/tool_texts.hpp"

namespace sidecar::endpoints {

std::string shortened(std::string text, std::size_t longest) {
  std::size_t units = 0;
  std::size_t keep = 0;  // bytes that leave room for the "…"
  for (std::size_t at = 0; longest > 0 && at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    units += bytes == 4 ? 2 : 1;
    if (units > longest) return text.substr(0, keep) + "…";
    at += bytes;
    if (units < longest) keep = at;
  }
  return text;
}

std::string plain_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '_' || c == '-';
    if (plain || !name.ends_with('_')) name += plain ? c : '_';
  }
  return name;
}

}  // namespace sidecar::endpoints
