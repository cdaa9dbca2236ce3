#include "app/watched_file.hpp"

#include <fstream>
#include <iterator>
#include <sys/stat.h>

#include "config/text.hpp"

namespace sidecar::app {

FileStamp FileStamp::of(const std::filesystem::path& path) {
  struct stat found {};
  FileStamp stamp;
  if (::stat(path.c_str(), &found) != 0) return stamp;
  stamp.changed =
      std::chrono::seconds(found.st_mtim.tv_sec) + std::chrono::nanoseconds(found.st_mtim.tv_nsec);
  stamp.size = static_cast<std::uintmax_t>(found.st_size);
  stamp.file = found.st_ino;
  return stamp;
}

Result<std::string> read_whole_file(const std::filesystem::path& path, std::uintmax_t most) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return fail("there is no such file");
  if (!std::filesystem::is_regular_file(path, error)) return fail("not a file");
  if (std::filesystem::file_size(path, error) > most) return fail("too large");
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return fail("it cannot be read");
  return config::plain_text(text).map([](std::string_view plain) { return std::string(plain); });
}

Result<std::vector<access::StoredKey>> read_keys_file(const std::filesystem::path& path) {
  const auto failed = [&path](const Error& error) {
    return fail("keys file " + path.string() + ": " + error.message);
  };
  const auto text = read_whole_file(path, access::kMaxKeysFile);
  if (!text) return failed(text.error());
  auto keys = access::parse_keys_file(*text);
  return keys ? keys : failed(keys.error());
}

}  // namespace sidecar::app
