// mcp-sidecar: see README.md. Exit codes: 0 ended as requested; 1 could not run (port taken) or not
// healthy; 2 a fault in flags or settings; 128 + signal after a second signal.
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "app/command_line.hpp"
#include "app/configuration.hpp"
#include "app/program.hpp"
#include "app/service_manager.hpp"
#include "app/terminal.hpp"
#include "child/descendants.hpp"
#include "child/descriptor_limit.hpp"
#include "config/secrets.hpp"

namespace {

using namespace sidecar;

int complain(int exit_code, std::string_view message) {
  app::print(stderr, fmt::format("mcp-sidecar: {}\n", message));
  return exit_code;
}

observe::LogFormat format_of(config::LogForm form) {
  const bool text = form == config::LogForm::kText ||
                    (form == config::LogForm::kAuto && isatty(STDERR_FILENO) == 1);
  return text ? observe::LogFormat::kText : observe::LogFormat::kJson;
}

void warn_of_low_limit(const config::Settings& settings, std::uint64_t limit, observe::Log& log) {
  const std::uint64_t most =
      child::first_reserved_descriptor(app::reserved_descriptors(settings.instances));
  if (most >= settings.http.connections) return;
  log.warn(
      "the limit of open files (RLIMIT_NOFILE) allows fewer connections than "
      "MCP_MAX_TCP_CONNECTIONS: raise it with ulimit -n or LimitNOFILE=",
      {{"limit", limit},
       {"connections_below", most},
       {"MCP_MAX_TCP_CONNECTIONS", settings.http.connections}});
}

int run(app::Configuration configuration, const app::ReadConfiguration& read_again,
        const config::Environment& environment) {
  const config::Settings settings = configuration.loaded.settings;
  const child::DescriptorLimit descriptors = child::raise_descriptor_limit();
  child::Launch launch{
      settings.command.words,
      app::with_variables(configuration.child_environment, settings.command.variables),
      {},
      descriptors.before};
  if (const auto found = child::find_command(launch); !found) {
    return complain(2, "cannot run the MCP server: " + found.error().message);
  }
  if (settings.allow_debugger) child::set_readable_by_others(true);
  // Before the log is made: its thread must not exist when the guard forks.
  const std::vector<pid_t> inherited = child::direct_children();
  const bool keeps = settings.child.keep_descendants;
  const auto guard = child::Guard::start(keeps ? std::string() : child::make_mark_name(),
                                         settings.child.process.kill_times.term);
  if (!guard) return complain(1, guard.error().message);

  int exit_code = 0;
  {
    observe::Log log = observe::make_stderr_log(settings.log.level, format_of(settings.log.form),
                                                settings.endpoints.dashboard);
    log.info("open files", {{"limit", descriptors.now}, {"before", descriptors.before}});
    warn_of_low_limit(settings, descriptors.now, log);
    app::Program program(std::move(configuration), std::move(launch), read_again, environment,
                         *guard, log);
    const auto ended = program.run();
    exit_code = ended ? *ended : complain(1, ended.error().message);
  }
  if (!keeps) child::kill_remaining_children(*guard, inherited);
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  child::set_readable_by_others(false);
  child::prepare_host_process();
  const config::Environment environment = config::environment_from(environ);
  const std::vector<std::string> arguments(argv, argv + argc);
  config::overwrite_secrets(environ, argv);
  std::error_code gone;  // ignored: a removed working directory has no .env either
  const std::filesystem::path directory = std::filesystem::current_path(gone);
  auto asked = app::parse_command_line(arguments, environment, directory);
  if (const auto* print = std::get_if<app::Print>(&asked)) {
    app::print(print->exit_code == 0 ? stdout : stderr, print->text);
    return print->exit_code;
  }
  if (const auto* check = std::get_if<app::Healthcheck>(&asked)) {
    const auto healthy = app::check_health(check->target, check->probe);
    if (!healthy) return complain(1, healthy.error().message);
    if (isatty(STDOUT_FILENO) == 1) app::print(stdout, *healthy + "\n");
    return 0;
  }
  if (const auto* keys = std::get_if<app::KeysCommand>(&asked)) {
    const auto now = std::chrono::system_clock::now();
    if (const auto fits = app::check(*keys, now); !fits) return complain(2, fits.error().message);
    const auto said = app::run(*keys, now);
    if (!said) return complain(1, said.error().message);
    app::print(stdout, *said);
    return 0;
  }
  if (const auto* audit = std::get_if<app::AuditCommand>(&asked)) {
    const auto done = app::run(*audit, stdout);
    return done ? 0 : complain(1, done.error().message);
  }
  if (const auto alone = app::check_single(environment); !alone)
    return complain(2, alone.error().message);
  auto configuration = app::configuration(std::move(std::get<app::Run>(asked).loaded), environment);
  if (!configuration) return complain(2, configuration.error().message);
  const auto read_again = [&arguments, &environment, &directory]() -> Result<app::Configuration> {
    auto loaded = app::load_again(arguments, environment, directory);
    if (!loaded) return tl::unexpected(loaded.error());
    return app::configuration(*std::move(loaded), environment);
  };
  return run(*std::move(configuration), read_again, environment);
}
