// Gate: what is decided on the head of a request, before any byte of its body is kept: preflight, origin and
// key. Knows nothing of HTTP connections, sessions or MCP: it judges a plain struct.
// Order: effective address → preflight leaves here → origin → key; /health and /ready pass
// both.
// Owned by app; loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/address.hpp"
#include "access/keys.hpp"
#include "access/origins.hpp"
#include "observe/caller.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

namespace sidecar::access {

struct Knock {
  std::string_view method;
  std::string_view path;
  std::string_view peer_address;
  // Value of a header field by its name; empty when absent.
  std::function<std::string_view(std::string_view)> header;
  std::string url_key;  // a key in the URL, where that is allowed
};

struct KeyRules {
  Keys keys;
  bool needed = false;  // also while there is none: then nobody comes in
};

struct Refusal {
  int status;           // 204: a preflight, answered
  std::string message;  // empty for 204
  HeaderFields fields;
};

struct Decision {
  std::optional<Refusal> answer;                  // set: the request ends here
  HeaderFields reply_fields;                      // for whatever the answer will be
  std::shared_ptr<const observe::Caller> caller;  // shared: sessions keep it
};

class Gate {
 public:
  // `everybody`: what holds for all callers, with a key or without.
  Gate(KeyRules keys, config::Permissions everybody, Origins origins, AddressSet trusted_proxies,
       observe::Log& log, observe::Metrics& metrics);

  bool needs_key() const { return needs_key_; }
  const Keys& keys() const { return keys_; }
  void set_keys(Keys keys) { keys_ = std::move(keys); }
  Decision judge(const Knock& knock) const;

 private:
  Keys keys_;
  const bool needs_key_;
  const std::shared_ptr<const config::Permissions> everybody_;
  Origins origins_;
  AddressSet trusted_proxies_;
  observe::Log& log_;
  observe::Metrics& metrics_;
};

}  // namespace sidecar::access
