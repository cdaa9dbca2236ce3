#include "util/files.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

#include "util/crypto.hpp"
#include "util/unique_fd.hpp"

namespace sidecar {
namespace {

constexpr std::size_t kKeyBytes = 32;

tl::unexpected<Error> failed(std::string_view what, const std::filesystem::path& path) {
  return fail(
      fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(errno)));
}

}  // namespace

Result<std::string> read_all(const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed("open", path);
  std::string text;
  std::array<char, 64 << 10> part{};
  for (;;) {
    const ssize_t got = ::read(file.get(), part.data(), part.size());
    if (got == 0) return text;
    if (got > 0)
      text.append(part.data(), static_cast<std::size_t>(got));
    else if (errno != EINTR)
      return failed("read", path);
  }
}

Result<void> write_all(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t done = ::write(fd, text.data(), text.size());
    if (done >= 0)
      text.remove_prefix(static_cast<std::size_t>(done));
    else if (errno != EINTR)
      return failed("write to", path);
  }
  return {};
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || ::fsync(opened.get()) != 0) return failed("sync the folder", folder);
  return {};
}

static Result<void> write_new(const std::filesystem::path& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return failed("create", path);
  if (auto written = write_all(file.get(), text, path); !written) return written;
  if (::fsync(file.get()) != 0) return failed("write to", path);
  return {};
}

// The key is written to another file first: under its name it is always whole.
Result<std::string> load_or_make_key(const std::filesystem::path& path) {
  if (::access(path.c_str(), F_OK) != 0) {
    const std::filesystem::path draft = path.string() + "." + random_hex(8);
    if (auto made = write_new(draft, random_hex(kKeyBytes) + "\n"); !made)
      return tl::unexpected(made.error());
    const bool linked = ::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST;
    auto failure = failed("create", path);
    ::unlink(draft.c_str());
    if (!linked) return failure;
    if (auto synced = sync_folder(path.parent_path()); !synced)
      return tl::unexpected(synced.error());
  }
  const auto text = read_all(path);
  if (!text) return text;
  std::string_view key = *text;
  while (key.ends_with('\n') || key.ends_with('\r')) key.remove_suffix(1);
  if (key.size() < kKeyBytes) return fail(fmt::format("{} does not hold a key", path.string()));
  return std::string(key);
}

}  // namespace sidecar
