// Describe: the table of settings as text for people. README.md and `.env.example` contain this
// text; tests compare them.
#pragma once

#include <string>

#include "config/sources.hpp"
#include "config/table.hpp"

namespace sidecar::config {

// One Markdown table per group: variable, flag, further names, default, meaning.
std::string settings_markdown();

// A `.env` file that lists every setting as a comment with its default.
std::string settings_dotenv();

// --print-config: the value of each setting and its source, secrets as `(hidden)`.
std::string config_listing(const Loaded& loaded);

}  // namespace sidecar::config
