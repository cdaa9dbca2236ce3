// Embedded pages: the files of the dashboard and of the API reference in the program itself.
// src/web/embed.mjs generates the table; it is empty if the program was built without Node.js. Any
// thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sidecar::endpoints {

struct EmbeddedPage {
  std::string_view path;  // "/", "/docs", "/assets/app-1a2b3c4d.js"
  std::string_view content_type;
  std::string_view tag;      // hash of the bytes, for ETag, without quotes
  std::string_view gzipped;  // RFC 1952
  std::size_t size;          // of the file before compression
};

std::span<const EmbeddedPage> embedded_pages();

}  // namespace sidecar::endpoints
