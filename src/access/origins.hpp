// Origins: decides which web pages may call this server from a browser, and makes the fields that
// let them read the response (CORS). Other programs send no Origin and pass. Owned by Gate; loop
// thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "util/fields.hpp"

namespace sidecar::access {

// Requests whose Host must be an IP address (which cannot be rebound), localhost or a listed name.
// DNS rebinding: MCP 2025-11-25, Transports, Security Warning.
enum class HostCheck : std::uint8_t {
  kNone,
  kPages,  // those with an Origin
  kAll,    // also those without: a GET of a page's own origin has none
};

struct OriginRules {
  std::vector<std::string> allowed{};  // such as https://app.example.com, or "*"
  bool local_pages = false;            // also pages of localhost and loopback addresses
  std::vector<std::string> hosts{};    // names, *.domain or "*"; ports are ignored
  HostCheck host_check = HostCheck::kNone;
  // No key is needed, so only these rules keep a page from the tools. A page's POST must then be
  // one that needs a preflight, and subresources of foreign pages (an image, say) are refused.
  bool open = false;
};

struct OriginRefusal {
  int status;
  std::string_view reason;   // label of the metric
  std::string_view setting;  // the setting that decides it; may be empty
  std::string_view message;
};

class Origins {
 public:
  // Value of a header field by its name; empty when absent.
  using Header = std::function<std::string_view(std::string_view)>;

  explicit Origins(const OriginRules& rules);

  // `origin`: all Origin fields, joined by commas. `posts`: the request may carry a call. nullptr
  // if the request passes.
  const OriginRefusal* refusal(bool posts, std::string_view origin, const Header& header) const;

  // True for a page of this server, or no page, under a Host that is ours.
  bool is_own(std::string_view origin, std::string_view host) const;

  // For every response. Never allows credentials: pages send keys in fields that they set
  // themselves.
  std::shared_ptr<const Fields> reply_fields(std::string_view origin) const;
  // For the response to a preflight, besides reply_fields(). `asked`: the value of
  // Access-Control-Request-Headers. A page of an allowed origin may send these fields too: up to
  // kMaxAsked names, of kMaxAskedBytes bytes together; others, and text that is not a name, are
  // left out.
  Fields preflight_fields(std::string_view origin, std::string_view asked) const;
  static constexpr std::size_t kMaxAsked = 32;
  static constexpr std::size_t kMaxAskedBytes = 2048;

 private:
  // True if a Host field names this server.
  bool ours(std::string_view host) const;
  bool lets_in(std::string_view origin, std::string_view host, bool our_host) const;
  // True if the rules list the origin, so that its pages may read responses.
  bool lists(std::string_view origin) const;

  struct Allowed {
    std::string origin;
    std::shared_ptr<const Fields> reply_fields;
  };
  const Allowed* find(std::string_view origin) const;

  std::vector<Allowed> allowed_;
  std::shared_ptr<const Fields> others_fields_;  // for unlisted origins, and without an Origin
  bool any_;
  bool local_pages_;
  HostCheck host_check_;
  bool open_;
  bool any_host_ = false;
  std::vector<std::string> hosts_;  // without ports; lower case
  mutable std::string last_ours_;   // cache: the last Host that was ours; most clients repeat it
};

}  // namespace sidecar::access
