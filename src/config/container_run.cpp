#include "config/container_run.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace sidecar::config {
namespace {

using Words = std::span<const std::string>;

// Options without a value; any other one takes the next word, unless it has a value behind an
// equals sign.
constexpr std::string_view kSwitches[] = {"--init",
                                          "--rm",
                                          "--interactive",
                                          "--tty",
                                          "--detach",
                                          "--privileged",
                                          "--publish-all",
                                          "--read-only",
                                          "--quiet",
                                          "--sig-proxy",
                                          "--no-healthcheck",
                                          "--oom-kill-disable",
                                          "--help",
                                          "--replace",
                                          "--disable-content-trust",
                                          "--use-api-socket",
                                          "--env-host",
                                          "--http-proxy",
                                          "--no-hosts",
                                          "--no-hostname",
                                          "--rmi",
                                          "--passwd",
                                          "--tls-verify",
                                          "--unsetenv-all"};
constexpr std::string_view kShortSwitches = "ditPq";

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// True if the value of the option is the next word.
bool takes_next(std::string_view option) {
  if (option.starts_with("--"))
    return option.find('=') == option.npos &&
           std::find(std::begin(kSwitches), std::end(kSwitches), option) == std::end(kSwitches);
  // -it, -e NAME, -eNAME
  return option.find_first_not_of(kShortSwitches, 1) == option.size() - 1;
}

// The words behind `run`; empty if the command is no `docker run` or `podman run`.
Words behind_run(Words words) {
  if (!words.empty() && base_name(words.front()) == "sudo") words = words.subspan(1);
  if (words.empty()) return {};
  if (const auto program = base_name(words.front()); program != "docker" && program != "podman")
    return {};
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "run") return words.subspan(i + 1);
    const bool of_option = words[i - 1].starts_with("-");  // may be its value
    if (!words[i].starts_with("-") && !of_option && words[i] != "container") return {};
  }
  return {};
}

}  // namespace

std::vector<std::string_view> missing_run_options(const std::vector<std::string>& command) {
  const Words words = behind_run(command);
  if (words.empty()) return {};
  std::vector<std::string_view> missing = {"--init", "--rm"};
  for (std::size_t i = 0; i < words.size() && words[i].starts_with("-"); ++i) {
    const std::string_view option = words[i];
    std::erase(missing, option.ends_with("=true") ? option.substr(0, option.find('=')) : option);
    if (option == "--") break;
    if (takes_next(option)) ++i;
  }
  return missing;
}

}  // namespace sidecar::config
