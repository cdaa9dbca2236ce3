// PostgresModule: the interface of mcp-sidecar-postgresql.so, which holds the PostgreSQL store, and
// its loader. The program loads the module for PostgreSQL addresses only, because libpq's
// dependencies would cost memory and time at every start. Loop thread only.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/store.hpp"

namespace sidecar::audit {

// The module's only exported symbol, kPostgresSymbol. Program and module come from one build, so
// they exchange the classes of this folder.
struct PostgresModule {
  const char* version;  // of the mcp-sidecar that the module belongs to
  // The caller owns the store. nullptr: libpq cannot parse the URL.
  Store* (*make_store)(const std::string& url, Access access);
};
inline constexpr const char* kPostgresSymbol = "mcp_sidecar_postgresql";

// Paths of the module: beside `program` (build tree) and in ../lib/mcp-sidecar (installed).
std::vector<std::filesystem::path> postgres_module_files(const std::filesystem::path& program);

// Loads the first existing file; it stays loaded until the process ends. Errors: no file exists, it
// cannot be loaded, or it belongs to another version.
Result<const PostgresModule*> load_postgres_module(std::span<const std::filesystem::path> files,
                                                   std::string_view version);

}  // namespace sidecar::audit
