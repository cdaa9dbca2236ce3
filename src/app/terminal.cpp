#include "app/terminal.hpp"

#include <fcntl.h>

#include "util/unique_fd.hpp"

namespace sidecar::app {
namespace {

// Of a process without a controlling terminal it cannot be opened (tty(4)).
bool has_terminal() {
  return static_cast<bool>(UniqueFd(::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)));
}

}  // namespace

Terminal::Terminal() : had_one_(has_terminal()) {}

bool Terminal::gone() const { return had_one_ && !has_terminal(); }

}  // namespace sidecar::app
