#include "audit/store.hpp"

#include <system_error>

#include "audit/postgres_module.hpp"
#include "audit/sqlite_store.hpp"
#include "util/version.hpp"

namespace sidecar::audit {
namespace {

constexpr std::string_view kSqlite = "sqlite:";

Result<std::unique_ptr<Store>> make_postgres_store(const std::string& url, Access access) {
  // Loaded once: after an upgrade in place, the file belongs to another version.
  static const PostgresModule* loaded = nullptr;
  if (loaded == nullptr) {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return fail("cannot use PostgreSQL: /proc/self/exe: " + error.message());
    const auto module = load_postgres_module(postgres_module_files(program), kVersion);
    if (!module) return tl::unexpected(module.error());
    loaded = *module;
  }
  std::unique_ptr<Store> store(loaded->make_store(url, access));
  if (store == nullptr)
    return fail(
        "not a connection URL that PostgreSQL's library understands (in user and password / ? # @ "
        ": are written as %2F %3F %23 %40 %3A)");
  return store;
}

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
