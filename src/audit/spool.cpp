#include "audit/spool.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "audit/files.hpp"

namespace sidecar::audit {
namespace {

constexpr std::string_view kEnding = ".jsonl";

tl::unexpected<Error> failed(std::string_view what, const std::filesystem::path& path) {
  return fail(fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(errno)));
}

// The number of a file of ours; 0 for any other.
std::uint64_t number_of(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size() - std::min(name.size(), kEnding.size());
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  return error == std::errc() && stop == end && name.ends_with(kEnding) ? number : 0;
}

}  // namespace

Result<Spool> Spool::open(std::filesystem::path folder, std::size_t limit_bytes) {
  Spool spool(std::move(folder), limit_bytes);
  const auto& at = spool.folder_;
  if (::mkdir(at.c_str(), 0700) != 0 && errno != EEXIST) return failed("make the folder", at);
  const auto lock = at / "lock";
  spool.lock_ = UniqueFd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!spool.lock_) return failed("open", lock);
  if (::flock(spool.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock", lock);
    return fail(
        fmt::format("{} is used by another mcp-sidecar: each needs a folder of its own", at.string()));
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(at, error)) {
    const std::uint64_t number = number_of(entry.path());
    if (number == 0) continue;
    const auto size = static_cast<std::size_t>(entry.file_size(error));
    if (error) break;
    spool.files_.push_back({number, size});
    spool.bytes_ += size;
  }
  if (error) return fail(fmt::format("cannot read the folder {}: {}", at.string(), error.message()));
  std::sort(spool.files_.begin(), spool.files_.end(),
            [](const File& a, const File& b) { return a.number < b.number; });
  if (!spool.files_.empty()) spool.next_ = spool.files_.back().number + 1;
  return spool;
}

std::filesystem::path Spool::path_of(std::uint64_t number) const {
  return folder_ / fmt::format("{:010}{}", number, kEnding);
}

Result<void> Spool::begin_file() {
  const auto path = path_of(next_);
  out_ = UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  if (!out_) return failed("create", path);
  files_.push_back({next_++, 0});
  return sync_folder(folder_);
}

Result<void> Spool::append(std::span<const Record> records) {
  std::string text;
  for (const Record& record : records) text.append(to_json(record)).append("\n");
  if (bytes_ + text.size() > limit_)
    return fail(fmt::format("{} is full: {} bytes of {}", folder_.string(), bytes_, limit_));
  if (!out_ || files_.back().bytes >= kFileBytes) {
    if (auto begun = begin_file(); !begun) return begun;
  }
  const auto path = path_of(files_.back().number);
  auto written = write_all(out_.get(), text, path);
  if (written && ::fdatasync(out_.get()) != 0) written = failed("write to", path);
  if (!written) {
    // Half a batch would be told of as lost and written all the same.
    const auto before = static_cast<off_t>(files_.back().bytes);
    if (::ftruncate(out_.get(), before) != 0 || before == 0) out_.reset();
    if (before == 0) {
      ::unlink(path.c_str());
      files_.pop_back();
    }
    return written;
  }
  files_.back().bytes += text.size();
  bytes_ += text.size();
  return {};
}

Result<Spool::Part> Spool::oldest() {
  if (files_.size() == 1) out_.reset();  // what comes now goes to another file
  auto text = read_all(path_of(files_.front().number));
  if (!text) return tl::unexpected(text.error());
  Part part;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (auto record = from_json(line))
      part.records.push_back(*std::move(record));
    else
      ++part.unreadable;
  }
  return part;
}

Result<void> Spool::drop_oldest() {
  const auto path = path_of(files_.front().number);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("delete", path);
  if (files_.size() == 1) out_.reset();
  bytes_ -= files_.front().bytes;
  files_.pop_front();
  return {};
}

}  // namespace sidecar::audit
