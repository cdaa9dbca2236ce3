#include "process.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

#include "wire.hpp"

namespace fake {

void wait_for_ever() {
  for (;;) ::pause();
}

void die_by(int number) {
  ::signal(number, SIG_DFL);
  ::raise(number);
  ::_exit(99);
}

void leave_grandchild(const std::string& fifo, bool escape) {
  if (::fork() != 0) return;
  if (escape) ::setsid();
  for (int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  mutter("grandchild " + std::to_string(::getpid()));
  if (!fifo.empty()) (void)::open(fifo.c_str(), O_WRONLY);
  ::close(STDIN_FILENO);
  wait_for_ever();
}

namespace {

[[noreturn]] void be_helper(const char* name) {
  ::prctl(PR_SET_NAME, name);
  ::signal(SIGTERM, SIG_DFL);
  mutter(std::string("helper ") + name + " " + std::to_string(::getpid()));
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, fd);
  ::close(null);
  wait_for_ever();
}

}  // namespace

void leave_helpers() {
  int ready[2];  // has ended when each helper has left our group
  if (::pipe(ready) != 0) ::_exit(98);
  const auto leave = [&](const char* name, auto set_up) {
    if (::fork() != 0) return;
    set_up();
    ::close(ready[0]);
    ::close(ready[1]);
    be_helper(name);
  };
  leave("own-group", [] { ::setpgid(0, 0); });
  leave("own-session", [] { ::setsid(); });
  leave("double-fork", [] {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
  });
  ::close(ready[1]);
  char byte = 0;
  while (::read(ready[0], &byte, 1) > 0) {
  }
  ::close(ready[0]);
}

bool pass_gate(const std::string& fifo) {
  const int fd = ::open(fifo.c_str(), O_RDONLY);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

std::string descriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  std::vector<int> list;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') list.push_back(std::atoi(entry->d_name));
  }
  list.erase(std::remove(list.begin(), list.end(), ::dirfd(directory)), list.end());
  ::closedir(directory);
  std::sort(list.begin(), list.end());
  std::string text;
  for (int fd : list) text += (text.empty() ? "" : " ") + std::to_string(fd);
  return text;
}

std::string signals() {
  std::string blocked, ignored;
  std::FILE* file = std::fopen("/proc/self/status", "r");
  char line[256];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, "SigBlk:\t", 8) == 0) blocked.assign(line + 8, 16);
    if (std::strncmp(line, "SigIgn:\t", 8) == 0) ignored.assign(line + 8, 16);
  }
  std::fclose(file);
  int death = 0;
  ::prctl(PR_GET_PDEATHSIG, &death);
  return blocked + " " + ignored + " " + std::to_string(death);
}

std::string environment() {
  std::string text;
  for (char** entry = environ; *entry != nullptr; ++entry)
    text += (text.empty() ? "" : ",") + std::string(*entry);
  return text;
}

std::string current_directory() {
  char* path = ::getcwd(nullptr, 0);
  std::string text = path != nullptr ? path : "";
  std::free(path);
  return text;
}

}  // namespace fake
