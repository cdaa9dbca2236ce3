// Pages: serves the dashboard and the API reference to browsers.
//   GET /               the dashboard
//   GET /docs           the reference of the endpoints
//   GET /assets/<name>  scripts, styles and fonts; the name contains a hash of the content
// No key is needed, because the files contain no data. They are stored and sent gzipped; for a
// client that does not accept gzip, a file is inflated at its first request and the copy is kept.
// Without embedded pages every request gets 404 with instructions. Owned by app; loop thread only.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "endpoints/ops/embedded_pages.hpp"
#include "http/server.hpp"

namespace sidecar::endpoints {

class Pages {
 public:
  // `files`, and this, outlive the server.
  explicit Pages(std::span<const EmbeddedPage> files);

  std::vector<http::Route> routes();

  // Security headers of every response on a path of the pages, errors included.
  static const Fields& fields();

 private:
  struct Page {
    const EmbeddedPage& file;
    std::string inflated{};  // empty until it is needed
  };

  void serve(http::Exchange exchange);

  std::map<std::string_view, Page> pages_;  // by path
};

}  // namespace sidecar::endpoints
