#include "audit/postgres_module.hpp"

#include <algorithm>
#include <dlfcn.h>
#include <fmt/format.h>
#include <iterator>
#include <system_error>

namespace sidecar::audit {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "mcp-sidecar-postgresql.so";

tl::unexpected<Error> cannot(std::string_view why) {
  return fail(fmt::format("cannot use PostgreSQL: {}", why));
}

std::string dlerror_of(const fs::path& file) {
  // glibc and musl keep the text per thread.
  const char* const said = ::dlerror();  // NOLINT(concurrency-mt-unsafe)
  const std::string text = said == nullptr ? "unknown error" : said;
  const std::string named = file.string() + ": ";
  return text.starts_with(named) ? text : named + text;
}

}  // namespace

std::vector<fs::path> postgres_module_files(const fs::path& program) {
  const fs::path folder = program.parent_path();
  return {folder / kFile, (folder / "../lib/mcp-sidecar" / kFile).lexically_normal()};
}

Result<const PostgresModule*> load_postgres_module(std::span<const fs::path> files,
                                                   std::string_view version) {
  const auto file = std::find_if(files.begin(), files.end(), [](const fs::path& each) {
    std::error_code error;  // dlopen() reports inaccessible files
    return fs::status(each, error).type() != fs::file_type::not_found;
  });
  if (file == files.end()) {
    std::vector<std::string> names;
    std::transform(files.begin(), files.end(), std::back_inserter(names),
                   [](const fs::path& each) { return each.string(); });
    return cannot(
        fmt::format("its module is missing: there is no {}", fmt::join(names, " and no ")));
  }
  void* const library = ::dlopen(file->c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return cannot(dlerror_of(*file));
  const auto* const module = static_cast<const PostgresModule*>(::dlsym(library, kPostgresSymbol));
  if (module == nullptr) return cannot(file->string() + ": not a module of mcp-sidecar");
  if (module->version != version)
    return cannot(fmt::format("{}: belongs to mcp-sidecar {}, this is {}", file->string(),
                              module->version, version));
  return module;
}

}  // namespace sidecar::audit
