// Audit command: `mcp-sidecar audit query|export|backup` on the database of the audit log, which a
// running sidecar may write to. Blocks; the process does nothing else.
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
  std::string database;  // AuditSettings::address
  audit::Filter filter;
  std::filesystem::path file;  // backup: the copy; export: the output, empty for `out`
};

// Prints to `out`: for query the newest records, for export all records that match the filter, both
// in the order of time. Creates files with mode 0600 and never replaces one. Errors: one line.
Result<void> run(const AuditCommand& command, std::FILE* out);

}  // namespace sidecar::app
