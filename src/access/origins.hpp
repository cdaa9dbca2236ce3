// Origins: which web pages may talk to us from a browser, and the fields that let them read the answer
// (CORS). Programs that are no browsers send no Origin and pass. Owned by Gate; loop thread only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sidecar::access {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

class Origins {
 public:
  // `allowed`: origins such as https://app.example.com, or "*". `hosts`: names besides the loopback ones
  // under which browsers may reach us while we listen on loopback only.
  Origins(std::vector<std::string> allowed, bool bound_to_loopback, const std::vector<std::string>& hosts);

  // False for a page whose origin is not allowed, and for one that reaches a loopback address under a foreign
  // name: DNS rebinding (MCP 2025-11-25, Transports, Security Warning).
  bool lets_in(std::string_view origin, std::string_view host) const;

  // For every answer. Never together with credentials: keys travel in fields that a page sets itself.
  HeaderFields reply_fields(std::string_view origin) const;
  // For the answer to a preflight, besides reply_fields().
  static HeaderFields preflight_fields();

 private:
  bool listed(std::string_view origin) const;

  std::vector<std::string> allowed_;
  bool any_;
  bool bound_to_loopback_;
  std::vector<std::string> hosts_;
};

}  // namespace sidecar::access
