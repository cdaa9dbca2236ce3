// Gate: what is decided on the head of a request, before any byte of its body is kept: address, preflight,
// origin and key. Knows nothing of HTTP connections, sessions or MCP: it judges a plain struct.
// Order: effective address → address list (/health from loopback passes) → preflight leaves here → origin →
// key; /health and /ready pass both.
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
#include "access/forwarded.hpp"
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
  // Values of all fields of a name, joined by commas.
  std::function<std::string(std::string_view)> list;
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
  Gate(const std::vector<config::Key>& keys, Origins origins, Networks networks, observe::Log& log,
       observe::Metrics& metrics);

  bool needs_key() const { return !keys_.empty(); }
  Decision judge(const Knock& knock) const;

 private:
  ClientAddress address_of(const Knock& knock) const;
  bool allows(const ClientAddress& client) const;

  Keys keys_;
  Origins origins_;
  Networks networks_;
  observe::Log& log_;
  observe::Metrics& metrics_;
};

}  // namespace sidecar::access
