// Audit arguments: `mcp-sidecar audit query|export|backup` and its flags, as a subcommand of the
// parser. The options refer to this object, so it stays where it is.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "app/audit_command.hpp"

namespace sidecar::app {

class AuditArguments {
 public:
  AuditArguments() = default;
  AuditArguments(const AuditArguments&) = delete;
  AuditArguments& operator=(const AuditArguments&) = delete;

  void add_to(CLI::App& app);

  // The rest is valid after parsing.
  bool given() const { return audit_->parsed(); }
  // A fault other than a wrong value; empty if there is none. Shows no value.
  std::string fault() const;
  // Without the database. Errors: a filter that cannot be parsed.
  Result<AuditCommand> command() const;

 private:
  CLI::App* audit_ = nullptr;
  CLI::App* export_ = nullptr;
  CLI::App* backup_ = nullptr;
  CLI::Option* limit_given_ = nullptr;
  audit::Filter filter_;
  std::string limit_;
  std::string since_;
  std::string until_;
  std::string format_;
  std::string file_;
};

}  // namespace sidecar::app
