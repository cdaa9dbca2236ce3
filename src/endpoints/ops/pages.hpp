// Pages: the dashboard and the reference, as a browser gets them.
//   GET /               the dashboard
//   GET /docs           the reference of the endpoints
//   GET /assets/<name>  what they are made of; a name changes with its bytes
// Without a key: they hold nothing but themselves. Files are kept gzipped and sent so; a client
// that does not take that gets them inflated, from a copy that is made when the first one asks.
// Built without pages, it says how to have them (404). Owned by app; loop thread only.
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

  // What every answer at a path of the pages says, errors too: what a browser may do with it. The
  // paths are access::is_page_path()'s.
  static const Fields& fields();

 private:
  struct Page {
    const EmbeddedPage& file;
    std::string inflated{};  // empty until it is asked for
  };

  void serve(http::Exchange exchange);

  std::map<std::string_view, Page> pages_;  // by path
};

}  // namespace sidecar::endpoints
