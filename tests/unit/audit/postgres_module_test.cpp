#include "audit/postgres_module.hpp"

#include <cstdio>
#include <dlfcn.h>

#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/temporary_folder.hpp"
#include "util/version.hpp"

using namespace sidecar;
using namespace sidecar::audit;
using sidecar::test::Contains;

namespace {

using Files = std::vector<std::filesystem::path>;

const Files kBuilt =
    postgres_module_files(std::filesystem::path(SIDECAR_BINARY_DIR) / "mcp-sidecar");

std::string error(const Files& files, std::string_view version = kVersion) {
  const auto module = load_postgres_module(files, version);
  REQUIRE_FALSE(module);
  CHECK(module.error().message.find('\n') == std::string::npos);
  return module.error().message;
}

}  // namespace

TEST_CASE("postgres module: searched beside the program and where it is installed") {
  CHECK(postgres_module_files("/opt/x/bin/mcp-sidecar") ==
        Files{"/opt/x/bin/mcp-sidecar-postgresql.so",
              "/opt/x/lib/mcp-sidecar/mcp-sidecar-postgresql.so"});
}

TEST_CASE("postgres module: makes stores for URLs that libpq can parse") {
  const auto module = load_postgres_module(kBuilt, kVersion);
  if (!module) FAIL(module.error().message);
  CHECK(std::unique_ptr<Store>(
            (*module)->make_store("postgresql://user@host/database", Access::kWrite)) != nullptr);
  CHECK((*module)->make_store("postgresql://host/database?nonsense=1", Access::kWrite) == nullptr);
}

TEST_CASE("postgres module: the first existing file is loaded") {
  Files files = kBuilt;
  files.insert(files.begin(), "/nowhere/mcp-sidecar-postgresql.so");
  CHECK(load_postgres_module(files, kVersion));
}

TEST_CASE("postgres module: the error about a missing file names all places") {
  CHECK_THAT(error(postgres_module_files("/no/bin/mcp-sidecar")),
             Contains("there is no /no/bin/mcp-sidecar-postgresql.so and no "
                      "/no/lib/mcp-sidecar/mcp-sidecar-postgresql.so"));
}

TEST_CASE("postgres module: the error about an unloadable file names it once, with the reason") {
  const test::TemporaryFolder folder;
  const auto file = folder.write("module.so", "no library");
  CHECK(error({file}) == "cannot use PostgreSQL: " + file.string() + ": file too short");
}

TEST_CASE("postgres module: another library is refused") {
  Dl_info library{};
  REQUIRE(::dladdr(reinterpret_cast<const void*>(::dlsym(RTLD_DEFAULT, "sqlite3_libversion")),
                   &library) != 0);
  CHECK_THAT(error({library.dli_fname}), Contains("not a module of mcp-sidecar"));
}

TEST_CASE("postgres module: the module of another version is refused") {
  CHECK_THAT(error(kBuilt, "99.0"),
             Contains("belongs to mcp-sidecar " + std::string(kVersion) + ", this is 99.0"));
}
