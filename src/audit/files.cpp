#include "audit/files.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

#include "util/crypto.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::audit {
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

Result<std::string> load_or_make_key(const std::filesystem::path& path) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) {
    if (errno != EEXIST) return failed("create", path);
    const auto text = read_all(path);
    if (!text) return tl::unexpected(text.error());
    const std::string key = text->substr(0, text->find_last_not_of("\r\n") + 1);
    if (key.size() < kKeyBytes) return fail(fmt::format("{} does not hold a key", path.string()));
    return key;
  }
  const std::string key = random_hex(kKeyBytes);
  if (auto written = write_all(file.get(), key + "\n", path); !written)
    return tl::unexpected(written.error());
  if (::fsync(file.get()) != 0) return failed("write to", path);
  if (auto synced = sync_folder(path.parent_path()); !synced) return tl::unexpected(synced.error());
  return key;
}

}  // namespace sidecar::audit
