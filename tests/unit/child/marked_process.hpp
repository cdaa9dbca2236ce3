// MarkedProcess: a process that sleeps with a given environment. Killed by the destructor.
#pragma once

#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "support/catch.hpp"

namespace sidecar::test {

struct MarkedProcess {
  explicit MarkedProcess(const std::vector<std::string>& environment) {
    int ends[2];  // has ended when the process has its environment
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    std::vector<char*> variables;
    for (const std::string& variable : environment)
      variables.push_back(const_cast<char*>(variable.c_str()));
    variables.push_back(nullptr);
    pid = ::fork();
    if (pid == 0) {
      char program[] = "sleep";
      char time[] = "1000";
      char* arguments[] = {program, time, nullptr};
      ::execve("/bin/sleep", arguments, variables.data());
      ::_exit(1);
    }
    ::close(ends[1]);
    char byte = 0;
    CHECK(::read(ends[0], &byte, 1) == 0);
    ::close(ends[0]);
  }
  ~MarkedProcess() {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  MarkedProcess(const MarkedProcess&) = delete;
  MarkedProcess& operator=(const MarkedProcess&) = delete;

  // The signal that ended it, after waiting for its end.
  int ended_by() {
    int status = 0;
    CHECK(::waitpid(pid, &status, 0) == pid);
    pid = -1;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  pid_t pid = -1;
};

}  // namespace sidecar::test
