#include "app/command_line.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/argument_parser.hpp"
#include "config/describe.hpp"
#include "config/dotenv.hpp"

namespace sidecar::app {
namespace {

constexpr std::string_view kFaultPrefix = "mcp-sidecar: ";
constexpr int kFaultExit = 2;
constexpr int kUnhealthyExit = 1;

Print fault(const std::string& message, int exit_code = kFaultExit) {
  return {fmt::format("{}{}\n", kFaultPrefix, message), exit_code};
}

Result<config::Dotenv> find_dotenv(const std::optional<std::string>& named,
                                   const std::filesystem::path& directory) {
  if (named) return config::read_dotenv(directory / *named, *named);
  std::error_code error;
  const auto path = directory / ".env";
  if (std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found)
    return config::Dotenv{};
  return config::read_dotenv(path, ".env");
}

CommandLine healthcheck(const ArgumentParser& parser, const config::Sources& sources) {
  const Probe probe = parser.ready() ? Probe::kReady : Probe::kAlive;
  const auto asked = [probe](Result<HttpTarget> target) -> CommandLine {
    if (!target) return fault(target.error().message, kUnhealthyExit);
    return Healthcheck{*std::move(target), probe};
  };
  if (const auto url = parser.url()) return asked(health_target(*url, probe));
  const auto loaded = config::load(sources);
  if (!loaded) return fault(loaded.error().message, kUnhealthyExit);
  return asked(health_target(loaded->settings, probe));
}

CommandLine keys(const ArgumentParser& parser, const config::Sources& sources) {
  const auto loaded = config::load(sources);
  if (!loaded) return fault(loaded.error().message);
  KeysCommand command = parser.keys().command();
  command.file = loaded->settings.access.keys_file;
  return command;
}

CommandLine audit(const ArgumentParser& parser, const config::Sources& sources) {
  const auto loaded = config::load(sources);
  if (!loaded) return fault(loaded.error().message);
  auto command = parser.audit().command();
  if (!command) return fault(command.error().message);
  command->database = loaded->settings.audit.address;
  return *std::move(command);
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& given,
                               const config::Environment& environment,
                               const std::filesystem::path& working_directory) {
  std::vector<std::string> arguments(given.begin() + (given.empty() ? 0 : 1), given.end());
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  const bool has_dashes = dashes != arguments.end();

  config::Sources sources;
  sources.environment = environment;
  sources.working_directory = working_directory;
  if (has_dashes) sources.command.assign(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());

  ArgumentParser parser(arguments);
  const auto fault_exit = [&parser] {
    return parser.is_healthcheck() ? kUnhealthyExit : kFaultExit;
  };
  const auto needs_value = [&fault_exit](const std::string& flag) {
    return fault(fmt::format("{} needs a value (--flag=VALUE when it begins with a dash)", flag),
                 fault_exit());
  };
  try {
    const std::string flag = parser.flag_without_value(arguments);
    parser.parse(arguments);
    if (!flag.empty()) return needs_value(flag);
  } catch (const CLI::CallForHelp&) {
    return Print{parser.help()};
  } catch (const CLI::CallForVersion& version) {
    return Print{std::string(version.what()) + "\n"};
  } catch (const CLI::ArgumentMismatch& mismatch) {
    // The only source of the flag's name: the text begins with it and contains no value.
    const std::string what = mismatch.what();
    return needs_value(what.substr(0, what.find(':')));
  } catch (const CLI::ParseError&) {
    return fault(fmt::format("the flags cannot be understood{}", kSeeHelp), fault_exit());
  }
  if (const std::string wrong = parser.fault(); !wrong.empty()) return fault(wrong, fault_exit());
  if (parser.print_markdown()) return Print{config::settings_markdown()};
  if (parser.print_dotenv()) return Print{config::settings_dotenv()};

  sources.flags = parser.flags();
  if (has_dashes && parser.is_healthcheck())
    return fault("healthcheck takes no command", kUnhealthyExit);
  if (has_dashes && parser.keys().given()) return fault("keys takes no command");
  if (has_dashes && parser.audit().given()) return fault("audit takes no command");
  if (has_dashes && sources.command.empty()) return fault("no command after --");
  if (has_dashes && sources.flags.contains("--stdio"))
    return fault("both --stdio and a command after --: give one");

  auto dotenv = find_dotenv(parser.env_file(), working_directory);
  if (!dotenv) return fault(dotenv.error().message, fault_exit());
  sources.dotenv = *std::move(dotenv);
  if (parser.is_healthcheck()) return healthcheck(parser, sources);
  if (parser.keys().given()) return keys(parser, sources);
  if (parser.audit().given()) return audit(parser, sources);

  auto loaded = config::load(sources);
  if (!loaded) return fault(loaded.error().message);
  config::fall_back_on_dist_index(*loaded, working_directory);
  if (parser.print_config()) return Print{config::config_listing(*loaded)};
  if (loaded->settings.command.words.empty()) {
    return fault(
        "no server to wrap: put its command after --, as in: mcp-sidecar -- npx -y "
        "@modelcontextprotocol/server-everything (there is no dist/index.js either)");
  }
  return Run{*std::move(loaded)};
}

Result<config::Loaded> load_again(const std::vector<std::string>& arguments,
                                  const config::Environment& environment,
                                  const std::filesystem::path& working_directory) {
  auto asked = parse_command_line(arguments, environment, working_directory);
  if (auto* again = std::get_if<Run>(&asked)) return std::move(again->loaded);
  std::string text = std::get<Print>(asked).text;  // the fault that would end the program
  if (text.starts_with(kFaultPrefix)) text.erase(0, kFaultPrefix.size());
  while (text.ends_with('\n')) text.pop_back();
  return fail(std::move(text));
}

}  // namespace sidecar::app
