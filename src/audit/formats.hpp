// Formats: records as CSV, as JSON and as lines for people. Each gives the text before the first
// record, of a record, and after the last. No state.
#pragma once

#include <string>

#include "audit/record.hpp"

namespace sidecar::audit {

// RFC 4180, with a line of names. Texts that a spreadsheet would take for a formula get a ' in
// front.
std::string csv_head();
std::string csv_row(const Record& record);

// One array, a record a line.
std::string json_row(const Record& record, bool first);
std::string json_end(bool empty);

// Time, key, address, transport, method and tool, outcome, duration, error: nothing that a terminal
// obeys.
std::string text_row(const Record& record);

}  // namespace sidecar::audit
