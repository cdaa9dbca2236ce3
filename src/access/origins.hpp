// Origins: which web pages may talk to us from a browser, and the fields that let them read the answer
// (CORS). Programs that are no browsers send no Origin and pass. Owned by Gate; loop thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "util/fields.hpp"

namespace sidecar::access {

class Origins {
 public:
  // `allowed`: origins such as https://app.example.com, or "*". `checks_hosts`: pages reach us under loopback
  // names and `hosts` only, which are names, *.domain or "*"; a port in them does not matter.
  Origins(const std::vector<std::string>& allowed, bool checks_hosts, const std::vector<std::string>& hosts);

  // False for a page that reaches us under a name which is not ours: DNS rebinding (MCP 2025-11-25,
  // Transports, Security Warning); and for one whose origin is not allowed, unless it is our own.
  bool lets_in(std::string_view origin, std::string_view host) const;

  // Whether no page asks but our own, and by a name that is ours.
  bool is_own(std::string_view origin, std::string_view host) const;

  // For every answer. Never together with credentials: keys travel in fields that a page sets itself.
  const std::shared_ptr<const Fields>& reply_fields(std::string_view origin) const;
  // For the answer to a preflight, besides reply_fields().
  static Fields preflight_fields();

 private:
  bool ours(std::string_view name) const;

  struct Allowed {
    std::string origin;
    std::shared_ptr<const Fields> reply_fields;
  };
  const Allowed* find(std::string_view origin) const;

  std::vector<Allowed> allowed_;
  std::shared_ptr<const Fields> others_fields_;  // for an origin that is not listed, and for none
  bool any_;
  bool checks_hosts_;
  bool any_host_ = false;
  std::vector<std::string> hosts_;  // without ports; lower case
};

}  // namespace sidecar::access
