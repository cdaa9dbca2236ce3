// Describe: the table of settings as people read it. What is printed here is also what README.md
// and `.env.example` must hold: tests compare them.
#pragma once

#include <string>

#include "config/sources.hpp"
#include "config/table.hpp"

namespace sidecar::config {

// Tables in Markdown, one a group: variable, flag, further names, default, meaning.
std::string settings_markdown();

// A `.env` file in which every setting stands as a comment with its default.
std::string settings_dotenv();

// The value of a setting as it was given; of a secret only whether there is one.
std::string shown_value(const Setting& setting, const Origin& origin);

// For --print-config: each setting's value and where it came from, secrets as `(hidden)`.
std::string config_listing(const Loaded& loaded);

}  // namespace sidecar::config
