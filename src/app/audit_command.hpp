// Audit command: `mcp-sidecar audit query|export|backup` on the database of the audit log, also
// while a sidecar writes to it. A program of its own: blocks.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

#include "audit/store.hpp"
#include "util/result.hpp"

namespace sidecar::app {

struct AuditCommand {
  enum class Action { kQuery, kExport, kBackup };
  enum class Format { kText, kCsv, kJson };

  Action action = Action::kQuery;
  Format format = Format::kText;
  std::string database;  // as Settings::audit_db
  audit::Filter filter;
  std::filesystem::path file;  // of backup; of export: empty for `out`
};

// Prints to `out`: of query the newest records in the order of their time, of export all that the
// filter lets through. A file is made with 0600 and never replaced. Errors: one line.
Result<void> run(const AuditCommand& command, std::FILE* out);

}  // namespace sidecar::app
