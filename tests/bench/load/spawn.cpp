#include "bench/load/spawn.hpp"

#include <cerrno>
#include <fcntl.h>
#include <spawn.h>
#include <system_error>

namespace sidecar::bench {
namespace {

class Actions {
 public:
  Actions() { posix_spawn_file_actions_init(&actions_); }
  ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

pid_t spawn(const std::vector<std::string>& command, Actions& actions) {
  std::vector<char*> arguments;
  for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error =
      posix_spawnp(&pid, arguments[0], actions.get(), nullptr, arguments.data(), environ);
  if (error != 0)
    throw std::system_error(error, std::generic_category(), "cannot start " + command.front());
  return pid;
}

struct Pipe {
  UniqueFd reads;
  UniqueFd writes;
};

Pipe make_pipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

}  // namespace

Piped spawn_piped(const std::vector<std::string>& command) {
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Actions actions;
  posix_spawn_file_actions_adddup2(actions.get(), in.reads.get(), 0);
  posix_spawn_file_actions_adddup2(actions.get(), out.writes.get(), 1);
  return {spawn(command, actions), std::move(in.writes), std::move(out.reads)};
}

pid_t spawn_apart(const std::vector<std::string>& command) {
  Actions actions;
  posix_spawn_file_actions_addopen(actions.get(), 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(actions.get(), 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(actions.get(), 2, "/dev/null", O_WRONLY, 0);
  return spawn(command, actions);
}

}  // namespace sidecar::bench
