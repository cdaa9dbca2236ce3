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

#include "util/files.hpp"

namespace sidecar::audit {
namespace {

constexpr std::string_view kEnding = ".jsonl";
// Owners with an account of their own; further owners share that of kNobody.
constexpr std::size_t kMaxOwners = 1'000;
constexpr std::string_view kNobody;

tl::unexpected<Error> failed(std::string_view what, const std::filesystem::path& path) {
  return fail(
      fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(errno)));
}

// The number of a spool file; 0 for other files.
std::uint64_t number_of(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  std::uint64_t number = 0;
  const char* const end = name.data() + name.size() - std::min(name.size(), kEnding.size());
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  return error == std::errc() && stop == end && name.ends_with(kEnding) ? number : 0;
}

template <class Action>
void for_each_line(std::string_view text, Action action) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    action(line);
  }
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
    return fail(fmt::format("{} is used by another mcp-sidecar: each needs a folder of its own",
                            at.string()));
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(at, error)) {
    const std::uint64_t number = number_of(entry.path());
    if (number == 0) continue;
    const auto size = static_cast<std::size_t>(entry.file_size(error));
    if (error) break;
    spool.files_.push_back({number, size, Holdings(*spool.shares_)});
    spool.files_.back().owners.add(kNobody, size);
  }
  if (error)
    return fail(fmt::format("cannot read the folder {}: {}", at.string(), error.message()));
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
  files_.push_back({next_++, 0, Holdings(*shares_)});
  return sync_folder(folder_);
}

std::string_view Spool::account_of(std::string_view owner) const {
  return shares_->owners() < kMaxOwners || shares_->held_by(owner) > 0 ? owner : kNobody;
}

void Spool::count_owners() {
  for (File& file : files_) {
    const auto text = read_all(path_of(file.number));
    if (!text) continue;
    std::size_t rest = file.bytes;
    file.owners = Holdings(*shares_);
    for_each_line(*text, [&](std::string_view line) {
      const auto record = from_json(line);
      const std::size_t size = std::min(rest, line.size() + 1);
      file.owners.add(record ? account_of(record->owner()) : kNobody, size);
      rest -= size;
    });
    if (rest > 0) file.owners.add(kNobody, rest);
  }
}

Result<std::vector<Record>> Spool::append(std::vector<Record>& records, Room room) {
  std::string text;
  Holdings added(*shares_);
  std::vector<bool> fits;
  for (const Record& record : records) {
    const std::string line = to_json(record) + '\n';
    const auto account = account_of(record.owner());
    const bool within = room == Room::kAll
                            ? line.size() <= shares_->limit() - std::min(shares_->limit(), bytes())
                            : shares_->leaves_room(account, line.size());
    fits.push_back(within);
    if (!within) continue;
    added.add(account, line.size());
    text += line;
  }
  if (text.empty()) return std::vector<Record>();
  if (!out_ || files_.back().bytes >= kFileBytes) {
    if (auto begun = begin_file(); !begun) return tl::unexpected(begun.error());
  }
  const auto path = path_of(files_.back().number);
  auto written = write_all(out_.get(), text, path);
  if (written && ::fdatasync(out_.get()) != 0) written = failed("write to", path);
  if (!written) {
    // Removes a partly written batch, because its records do not count as kept.
    const auto before = static_cast<off_t>(files_.back().bytes);
    if (::ftruncate(out_.get(), before) != 0 || before == 0) out_.reset();
    if (before == 0) {
      ::unlink(path.c_str());
      files_.pop_back();
    }
    return tl::unexpected(written.error());
  }
  files_.back().bytes += text.size();
  files_.back().owners.add(added);
  std::vector<Record> kept;
  std::vector<Record> left;
  for (std::size_t at = 0; at < records.size(); ++at)
    (fits[at] ? kept : left).push_back(std::move(records[at]));
  records = std::move(left);
  return kept;
}

Result<Spool::Part> Spool::oldest() {
  if (files_.size() == 1) out_.reset();  // further records go to a new file
  auto text = read_all(path_of(files_.front().number));
  if (!text) return tl::unexpected(text.error());
  Part part;
  for_each_line(*text, [&](std::string_view line) {
    if (auto record = from_json(line))
      part.records.push_back(*std::move(record));
    else
      ++part.unreadable;
  });
  return part;
}

Result<void> Spool::drop_oldest() {
  const auto path = path_of(files_.front().number);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("delete", path);
  if (files_.size() == 1) out_.reset();
  files_.pop_front();
  return {};
}

}  // namespace sidecar::audit
