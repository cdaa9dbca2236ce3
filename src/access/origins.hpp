// Origins: which web pages may talk to us from a browser, and the fields that let them read the
// answer (CORS). Programs that are no browsers send no Origin and pass. Owned by Gate; loop thread
// only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "util/fields.hpp"

namespace sidecar::access {

// Which requests must reach us under an address (which cannot be rebound), localhost or a name that
// is listed. DNS rebinding: MCP 2025-11-25, Transports, Security Warning.
enum class HostCheck : std::uint8_t {
  kNone,
  kPages,  // those with an Origin
  kAll,    // a page's own GET has none
};

struct OriginRules {
  std::vector<std::string> allowed{};  // such as https://app.example.com, or "*"
  bool local_pages = false;            // and pages of localhost and of loopback addresses
  std::vector<std::string> hosts{};    // names, *.domain or "*"; a port in them does not matter
  HostCheck host_check = HostCheck::kNone;
  // No key is needed: only these rules keep a page from the tools. So a POST of a page must be one
  // that its browser asks about first (a preflight), and what a page only loads (an image, say) is
  // not served.
  bool open = false;
};

struct OriginRefusal {
  int status;
  std::string_view reason;   // label of the metric
  std::string_view setting;  // that decides it; may be empty
  std::string_view message;
};

class Origins {
 public:
  // Value of a header field by its name; empty when absent.
  using Header = std::function<std::string_view(std::string_view)>;

  explicit Origins(const OriginRules& rules);

  // `origin`: all Origin fields, joined by commas. `posts`: the request may carry a call. nullptr:
  // it passes.
  const OriginRefusal* refusal(bool posts, std::string_view origin, const Header& header) const;

  // Whether no page asks but our own, and by a name that is ours.
  bool is_own(std::string_view origin, std::string_view host) const;

  // For every answer. Never together with credentials: keys travel in fields that a page sets
  // itself.
  std::shared_ptr<const Fields> reply_fields(std::string_view origin) const;
  // For the answer to a preflight, besides reply_fields().
  static Fields preflight_fields();

 private:
  // Whether a Host field names us.
  bool ours(std::string_view host) const;
  bool lets_in(std::string_view origin, std::string_view host, bool our_host) const;

  struct Allowed {
    std::string origin;
    std::shared_ptr<const Fields> reply_fields;
  };
  const Allowed* find(std::string_view origin) const;

  std::vector<Allowed> allowed_;
  std::shared_ptr<const Fields> others_fields_;  // for an origin that is not listed, and for none
  bool any_;
  bool local_pages_;
  HostCheck host_check_;
  bool open_;
  bool any_host_ = false;
  std::vector<std::string> hosts_;  // without ports; lower case
  mutable std::string last_ours_;   // the Host field that was ours last: most clients send the same
};

}  // namespace sidecar::access
