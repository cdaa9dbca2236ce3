#include "config/audit_address.hpp"

#include <fmt/format.h>

#include "config/text.hpp"
#include "config/values.hpp"

namespace sidecar::config {
namespace {

// RFC 3986, section 2: all but the unreserved characters.
std::string escaped(std::string_view text) {
  std::string url;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved)
      url += c;
    else
      url += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return url;
}

}  // namespace

Result<std::string> parse_audit_address(std::string_view text) {
  constexpr std::string_view kSqlite = "sqlite:";
  const std::string_view address = trimmed(text);
  if (const auto on = parse_switch(address))
    return *on ? std::string(kDefaultAuditAddress) : std::string();
  const bool file = address.starts_with(kSqlite) && address.size() > kSqlite.size();
  if (file || address.starts_with("postgresql://") || address.starts_with("postgres://"))
    return std::string(address);
  return fail("not an audit database (sqlite:PATH, postgresql://USER@HOST/DATABASE, on, off)");
}

std::string service_desk_audit_address(
    const std::function<std::string(const std::string&)>& variable) {
  const std::string host = variable("SDP_DB_HOST");
  const std::string name = variable("SDP_DB_NAME");
  if (host.empty() && name.empty()) return std::string(kDefaultAuditAddress);
  const auto with = [&](std::string_view before, const std::string& name_of) {
    const std::string text = variable(name_of);
    return text.empty() ? std::string() : fmt::format("{}{}", before, escaped(text));
  };
  const std::string user = with("", "SDP_DB_USER");
  const std::string login =
      user.empty() ? user : fmt::format("{}{}@", user, with(":", "SDP_DB_PASSWORD"));
  const bool ipv6 = host.find(':') != std::string::npos;
  const bool tls = parse_switch(variable("SDP_DB_SSL")).value_or(false);
  return fmt::format("postgresql://{}{}{}/{}{}", login,
                     ipv6 ? fmt::format("[{}]", host) : escaped(host), with(":", "SDP_DB_PORT"),
                     escaped(name), tls ? "?sslmode=require" : "");
}

}  // namespace sidecar::config
