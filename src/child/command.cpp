#include "child/command.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "config/command.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::child {
namespace {

// The folders that execvp searches when there is no PATH.
constexpr std::string_view kDefaultPath = "/usr/local/bin:/bin:/usr/bin";

std::string reason(int error) { return std::generic_category().message(error); }

// 0, or the errno that execve would set.
int executable(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno;
  if (S_ISDIR(info.st_mode)) return EISDIR;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

// Paths are relative to the directory in which the command will run.
std::string resolved(const std::string& path, const std::string& working_directory) {
  if (path.starts_with('/') || working_directory.empty()) return path;
  // Without a current directory the path stays relative, and its use fails later.
  std::error_code ignored;
  return std::filesystem::absolute(working_directory, ignored).string() + "/" + path;
}

std::string_view search_path(const std::vector<std::string>& environment) {
  constexpr std::string_view kName = "PATH=";
  for (std::string_view entry : environment) {
    if (entry.starts_with(kName)) return entry.substr(kName.size());
  }
  return kDefaultPath;
}

// The interpreter that the first line of a script names; empty for anything else.
std::string interpreter(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 256> start{};  // the kernel reads no more of a #! line
  const ssize_t size = file ? ::read(file.get(), start.data(), start.size()) : 0;
  std::string_view line(start.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (!line.starts_with("#!")) return {};
  line = line.substr(2, line.find('\n') - 2);
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  line.remove_prefix(first);
  return std::string(line.substr(0, line.find_first_of(" \t\r")));
}

// A program's name with blanks is mostly a whole command that something has put into quotes.
std::string_view hint(std::string_view name) {
  const bool blanks = name.find(' ') != std::string_view::npos;
  return blanks ? " (this is one word: put quotes around words, not around the whole command)" : "";
}

}  // namespace

Result<std::string> find_command(const Launch& launch) {
  const std::string& directory = launch.working_directory;
  if (struct stat info{}; !directory.empty()) {
    const int error = ::stat(directory.c_str(), &info) != 0 ? errno
                      : S_ISDIR(info.st_mode)               ? 0
                                                            : ENOTDIR;
    if (error != 0) return fail(fmt::format("working directory {}: {}", directory, reason(error)));
  }
  const std::string& name = launch.command.front();
  int error = ENOENT;
  std::string found;
  if (name.find('/') != std::string::npos) {
    found = resolved(name, directory);
    error = executable(found);
  } else if (!name.empty()) {
    std::string_view rest = search_path(launch.environment);
    for (bool more = true; more && error != 0;) {
      const std::size_t colon = rest.find(':');
      more = colon != std::string_view::npos;
      const std::string_view folder = rest.substr(0, colon);
      if (more) rest.remove_prefix(colon + 1);
      found = resolved(fmt::format("{}/{}", folder.empty() ? "." : folder, name), directory);
      const int problem = executable(found);
      // "Permission denied" is the better error than "No such file"; the search goes on either way.
      if (problem == 0 || (problem == EACCES && error == ENOENT)) error = problem;
    }
  }
  if (error != 0)
    return fail(fmt::format("{}: {}{}", config::masked_command({name}), reason(error), hint(name)));
  // If the interpreter is missing, the error of execve would name the script.
  if (const std::string program = interpreter(found); !program.empty()) {
    if (const int problem = executable(resolved(program, directory)); problem != 0) {
      return fail(fmt::format("{}: its interpreter {}: {}", name, program, reason(problem)));
    }
  }
  return found;
}

}  // namespace sidecar::child
