#include "child/host.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "child/guard.hpp"

namespace sidecar::child {
namespace {

constexpr std::chrono::milliseconds kPause{10};
constexpr int kPauses = 200;  // 2 s in all

// The parent of `pid`; 0 when `pid` is gone. The name in /proc/PID/stat may contain spaces and
// parentheses.
pid_t parent_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 4 > text.size()) return 0;
  return std::atoi(text.c_str() + name_end + 4);  // ") S 123"
}

}  // namespace

std::vector<pid_t> direct_children() {
  std::vector<pid_t> list;
  // Usually there is none at the start; then /proc is not read.
  siginfo_t info{};
  if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return list;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc"), ::closedir);
  if (!directory) return list;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the DIR is local
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (parent_of(name) == ::getpid()) list.push_back(std::atoi(name.c_str()));
  }
  return list;
}

void prepare_host_process() {
  // open returns the lowest free number, so the loop ends once the standard three are open.
  for (int fd = 0; fd >= 0 && fd <= STDERR_FILENO;) {
    fd = ::open("/dev/null", O_RDWR);
    if (fd > STDERR_FILENO) ::close(fd);
  }
  std::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void set_readable_by_others(bool allowed) noexcept { ::prctl(PR_SET_DUMPABLE, allowed ? 1 : 0); }

unsigned kill_remaining_children(const Guard& guard, const std::vector<pid_t>& inherited) {
  const auto has = [](const std::vector<pid_t>& list, pid_t pid) {
    return std::find(list.begin(), list.end(), pid) != list.end();
  };
  std::vector<pid_t> killed;
  // The children of a killed child become ours, so this repeats until there are none.
  for (int pause = 0; pause < kPauses; ++pause) {
    bool any = false;
    for (const pid_t pid : direct_children()) {
      if (pid == guard.pid() || has(inherited, pid)) continue;
      any = true;
      if (!has(killed, pid)) {
        ::kill(pid, SIGKILL);
        killed.push_back(pid);
      }
      ::waitpid(pid, nullptr, WNOHANG);
    }
    if (!any) break;
    std::this_thread::sleep_for(kPause);
  }
  return static_cast<unsigned>(killed.size());
}

}  // namespace sidecar::child
