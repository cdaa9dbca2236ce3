#include <cstdio>
#include <filesystem>
#include <unistd.h>

#include "app/command_line.hpp"

int main(int argc, char** argv) {
  using namespace sidecar;
  const auto asked =
      app::parse_command_line(argc, argv, config::environment_from(environ), std::filesystem::current_path());
  if (const auto* print = std::get_if<app::Print>(&asked)) {
    std::fputs(print->text.c_str(), print->exit_code == 0 ? stdout : stderr);
    return print->exit_code;
  }
  if (const auto* check = std::get_if<app::Healthcheck>(&asked)) {
    const auto healthy = app::check_health(check->target);
    if (!healthy) std::fprintf(stderr, "mcp-sidecar: %s\n", healthy.error().message.c_str());
    return healthy ? 0 : 1;
  }
  return 0;
}
