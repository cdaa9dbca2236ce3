#include "app/terminal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "util/encoding.hpp"
#include "util/unique_fd.hpp"

namespace sidecar::app {
namespace {

// Without a controlling terminal /dev/tty cannot be opened (tty(4)).
bool has_terminal() {
  return static_cast<bool>(
      UniqueFd(::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)));
}

}  // namespace

bool print(std::FILE* out, std::string_view text) {
  const bool terminal = ::isatty(::fileno(out)) == 1;
  const std::string safe = terminal ? escaped(text) : "";
  const std::string_view shown = terminal ? safe : text;
  return std::fwrite(shown.data(), 1, shown.size(), out) == shown.size();
}

Terminal::Terminal() : had_one_(has_terminal()) {}

bool Terminal::gone() const { return had_one_ && !has_terminal(); }

}  // namespace sidecar::app
