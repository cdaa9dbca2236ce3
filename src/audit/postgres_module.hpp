// The PostgreSQL store is a module of its own (mcp-sidecar-postgresql.so), loaded when an address
// is PostgreSQL's: libpq takes other libraries along, which take memory and time of every start.
// What the module exports, and how the program comes to it. Loop thread only.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/store.hpp"

namespace sidecar::audit {

// The one symbol of the module, kPostgresSymbol. The program and its module are of one build, so
// what passes between them are the classes of this floor.
struct PostgresModule {
  const char* version;  // of the mcp-sidecar that it was built for
  // The caller's to delete. nullptr: libpq cannot read the URL.
  Store* (*make_store)(const std::string& url, Access access);
};
inline constexpr const char* kPostgresSymbol = "mcp_sidecar_postgresql";

// Where the module of that program may be: beside it, as it is built, and in ../lib/mcp-sidecar, as
// it is installed.
std::vector<std::filesystem::path> postgres_module_files(const std::filesystem::path& program);

// Loads the first of them that is there; it stays until the process ends. Errors: none is there, it
// cannot be loaded, or it is that of another version.
Result<const PostgresModule*> load_postgres_module(std::span<const std::filesystem::path> files,
                                                   std::string_view version);

// With the module of this program, which is loaded by the first call. Errors: as above, and a URL
// that libpq cannot read.
Result<std::unique_ptr<Store>> make_postgres_store(const std::string& url, Access access);

}  // namespace sidecar::audit
