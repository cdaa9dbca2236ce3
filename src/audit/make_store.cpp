#include "audit/postgres_module.hpp"
#include "audit/sqlite_store.hpp"

namespace sidecar::audit {
namespace {

constexpr std::string_view kSqlite = "sqlite:";

}  // namespace

std::optional<std::filesystem::path> sqlite_file(const std::string& address) {
  if (!address.starts_with(kSqlite)) return std::nullopt;
  return address.substr(kSqlite.size());
}

Result<std::unique_ptr<Store>> make_store(const std::string& address, Access access) {
  if (const auto file = sqlite_file(address)) return std::make_unique<SqliteStore>(*file, access);
  return make_postgres_store(address, access);
}

}  // namespace sidecar::audit
