#include "child/marked_processes.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/unique_fd.hpp"

namespace sidecar::child {
namespace {

// exec limits an environment to 6 MB. A process may say afterwards that it has more.
constexpr std::size_t kMaxEnvironment = std::size_t{8} << 20;

bool out_of_resources(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

ssize_t read_some(int fd, char* to, std::size_t size) {
  ssize_t got = 0;
  do {
    got = ::read(fd, to, size);
  } while (got < 0 && errno == EINTR);
  return got;
}

// Entries of an environment one after the other, from pieces of it. Keeps the first kMaxMark bytes
// of the current one.
class Entries {
 public:
  // Takes a piece up to the end of an entry, and removes it from `text`. The entry, if it has ended
  // and is not longer than a mark.
  std::optional<std::string_view> take(std::string_view& text) {
    const std::size_t end = text.find('\0');
    const std::string_view piece = text.substr(0, end);
    const std::size_t kept = std::min(piece.size(), entry_.size() - size_);
    std::memcpy(entry_.data() + size_, piece.data(), kept);
    size_ += kept;
    cut_ = cut_ || kept < piece.size();
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view whole(entry_.data(), size_);
    const bool fits = !cut_;
    size_ = 0;
    cut_ = false;
    if (!fits) return std::nullopt;
    return whole;
  }

 private:
  std::array<char, kMaxMark> entry_;
  std::size_t size_ = 0;
  bool cut_ = false;
};

// The folder of a process in /proc.
class ProcessFolder {
 public:
  ProcessFolder(int proc, const char* pid)
      : folder_(::openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    examined_ = folder_ || !out_of_resources(errno);
  }

  // The value of its variable `name`; stays valid as long as `entries`.
  std::optional<std::string_view> mark(std::string_view name, Entries& entries) {
    if (!folder_) return std::nullopt;
    const UniqueFd environment(::openat(folder_.get(), "environ", O_RDONLY | O_CLOEXEC));
    if (!environment) {
      examined_ = !out_of_resources(errno);
      return std::nullopt;
    }
    std::array<char, 16 << 10> piece;
    for (std::size_t total = 0; total < kMaxEnvironment;) {
      const ssize_t size = read_some(environment.get(), piece.data(), piece.size());
      if (size <= 0) return std::nullopt;  // its end; a zombie or kernel thread has none
      total += static_cast<std::size_t>(size);
      for (std::string_view text(piece.data(), static_cast<std::size_t>(size)); !text.empty();) {
        const auto entry = entries.take(text);
        if (entry && entry->size() > name.size() && entry->starts_with(name) &&
            (*entry)[name.size()] == '=')
          return entry->substr(name.size() + 1);
      }
    }
    return std::nullopt;
  }

  // pidfd_send_signal takes a folder of /proc as well as a pidfd.
  void send(int signal) const {
    ::syscall(SYS_pidfd_send_signal, folder_.get(), signal, nullptr, 0U);
  }
  bool examined() const { return examined_; }

 private:
  UniqueFd folder_;
  bool examined_ = true;
};

}  // namespace

bool signal_marked(std::string_view name, const ChooseSignal& choose) {
  const UniqueFd proc(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return !out_of_resources(errno);
  bool complete = true;
  // Not readdir, which allocates. Records of getdents64: inode, offset (8 bytes each), length (2),
  // type (1), name.
  constexpr std::size_t kLengthAt = 16;
  constexpr std::size_t kNameAt = 19;
  std::array<char, 8 << 10> records;
  for (;;) {
    const long size = ::syscall(SYS_getdents64, proc.get(), records.data(), records.size());
    if (size <= 0) return complete;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      std::uint16_t length = 0;
      std::memcpy(&length, &records[at + kLengthAt], sizeof length);
      const char* const pid = &records[at + kNameAt];
      at += length;
      if (*pid < '0' || *pid > '9') continue;
      ProcessFolder process(proc.get(), pid);
      Entries entries;
      if (const auto value = process.mark(name, entries)) {
        if (const int signal = choose(std::atoi(pid), *value); signal != 0) process.send(signal);
      }
      complete = complete && process.examined();
    }
  }
}

}  // namespace sidecar::child
