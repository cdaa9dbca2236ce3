// notify-socket PATH: systemd's end of sd_notify. Receives datagrams at PATH and prints each on one
// line, its line ends as " | ". Runs until it is killed or its stdin ends.
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

int complain(const char* what) {
  std::perror(what);
  return 1;
}

void print(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos;) text.replace(at, 1, " | ");
  std::puts(text.c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  sockaddr_un address{};
  if (argc != 2 || std::strlen(argv[1]) >= sizeof(address.sun_path)) return complain("one PATH");
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, argv[1]);
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0 || ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    return complain("bind");
  print("bound");
  for (;;) {
    pollfd ready[] = {{socket, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0) return complain("poll");
    if (ready[0].revents != 0) {
      std::string text(4096, '\0');
      const ssize_t size = ::recv(socket, text.data(), text.size(), 0);
      if (size < 0) return complain("recv");
      text.resize(static_cast<std::size_t>(size));
      print(std::move(text));
    }
    if (char byte; ready[1].revents != 0 && ::read(STDIN_FILENO, &byte, 1) <= 0) return 0;
  }
}
