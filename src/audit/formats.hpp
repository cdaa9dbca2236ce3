// Formats: records as CSV, JSON and readable lines, for the `audit` command. Pure functions: any
// thread.
#pragma once

#include <string>

#include "audit/record.hpp"

namespace sidecar::audit {

// RFC 4180, with a header line. Texts that a spreadsheet would take for a formula get a leading '.
std::string csv_head();
std::string csv_row(const Record& record);

// One array, one record per line.
std::string json_row(const Record& record, bool first);
std::string json_end(bool empty);

// Time, key, address, transport, server (unless it is the default one), method and tool, outcome,
// duration, error. Control characters are replaced by '?'.
std::string text_row(const Record& record);

}  // namespace sidecar::audit
