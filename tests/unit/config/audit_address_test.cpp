#include "config/audit_address.hpp"

#include <map>

#include "support/catch.hpp"

using namespace sidecar::config;

TEST_CASE("audit_address: a file, a server, on and off are understood, nothing else") {
  CHECK(parse_audit_address("sqlite:/var/lib/audit.db").value() == "sqlite:/var/lib/audit.db");
  CHECK(parse_audit_address(" postgresql://u:p@h/d ").value() == "postgresql://u:p@h/d");
  CHECK(parse_audit_address("postgres://h/d").value() == "postgres://h/d");
  CHECK(parse_audit_address("on").value() == kDefaultAuditAddress);
  CHECK(parse_audit_address("true").value() == kDefaultAuditAddress);
  CHECK(parse_audit_address("off").value().empty());
  CHECK(parse_audit_address("0").value().empty());
  for (const auto* wrong : {"sqlite:", "audit.db", "mysql://h/d", "/var/lib/audit.db"})
    CHECK_FALSE(parse_audit_address(wrong));
}

TEST_CASE(
    "audit_address: the Service Desk Plus server's variables make a URL, whatever they hold") {
  std::map<std::string, std::string> variables;
  const auto address = [&] {
    return service_desk_audit_address([&](const std::string& name) { return variables[name]; });
  };
  CHECK(address() == kDefaultAuditAddress);
  variables = {{"SDP_DB_NAME", "a b"}};
  CHECK(address() == "postgresql:///a%20b");
  variables = {{"SDP_DB_HOST", "::1"},
               {"SDP_DB_PORT", "5433"},
               {"SDP_DB_NAME", "d"},
               {"SDP_DB_SSL", "false"}};
  CHECK(address() == "postgresql://[::1]:5433/d");
  variables = {{"SDP_DB_HOST", "/run/postgresql"},
               {"SDP_DB_NAME", "d"},
               {"SDP_DB_USER", "u@x"},
               {"SDP_DB_PASSWORD", "a:b"}};
  CHECK(address() == "postgresql://u%40x:a%3Ab@%2Frun%2Fpostgresql/d");
}
