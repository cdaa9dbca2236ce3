#include "app/program.hpp"

#include <csignal>
#include <fmt/format.h>
#include <unistd.h>

#include "access/address.hpp"
#include "app/reload.hpp"
#include "config/command.hpp"
#include "config/secrets.hpp"
#include "util/start_pages.hpp"
#include "util/version.hpp"

namespace sidecar::app {
namespace {

constexpr std::chrono::milliseconds kDrainPoll{20};
// To write pending responses and events at the end.
constexpr std::chrono::milliseconds kCloseTime{1'000};

child::SupervisorOptions child_options(const config::ChildSettings& settings, child::Launch launch,
                                       std::function<std::vector<std::string>()> environment,
                                       std::function<std::string(std::string)> masked) {
  child::SupervisorOptions options{settings.supervisor, {settings.process}};
  options.process.launch = std::move(launch);
  options.environment = std::move(environment);
  options.masked = std::move(masked);
  return options;
}

child::ChildFactory child_factory(const child::Host& host, child::SupervisorOptions options) {
  return [host, options = std::move(options)](std::string name) {
    child::SupervisorOptions named = options;
    named.process.name = std::move(name);
    return std::make_unique<child::Supervisor>(host, std::move(named));
  };
}

}  // namespace

Program::Program(Configuration configuration, child::Launch launch, ReadConfiguration read_again,
                 const config::Environment& environment, const child::Guard& guard,
                 observe::Log& log)
    : loaded_(std::move(configuration.loaded)),
      log_(log),
      read_again_(std::move(read_again)),
      child_environment_(std::move(configuration.child_environment)),
      service_manager_(environment, timers_, log_),
      signals_(loop_, SIGTERM, SIGINT, SIGHUP),
      reaper_(loop_),
      descendants_(loop_, timers_, server_log_, guard.mark_name(),
                   settings_.child.process.kill_times.term),
      secret_(kept_secret(settings_, environment)),
      service_(settings_, std::move(configuration.networks), configuration.keys,
               child_factory({loop_, timers_, server_log_, metrics_, reaper_, guard, descendants_},
                             child_options(
                                 settings_.child, std::move(launch),
                                 [this] {
                                   return with_variables(child_environment_,
                                                         settings_.command.variables);
                                 },
                                 [this](std::string text) {
                                   return config::without_secrets(std::move(text), settings_);
                                 })),
               {loop_, timers_, log_, metrics_, calls_, recent_calls_, secret_.secret}) {}

Result<int> Program::run() {
  calls_.add(call_metrics_);
  calls_.add(call_log_);
  if (settings_.endpoints.dashboard) calls_.add(recent_calls_);
  if (!settings_.audit.address.empty()) {
    auto audit = audit::AuditLog::start(audit_options(settings_.audit), log_, metrics_);
    if (!audit) return fail("audit log: " + audit.error().message);
    audit_ = *std::move(audit);
    calls_.add(*audit_);
  }
  const auto port = service_.server().listen(settings_.listen.host, settings_.listen.port);
  if (!port) return tl::unexpected(port.error());
  log_.info("Environment loaded",
            {{"variables", loaded_.dotenv_variables},
             {"file", loaded_.dotenv_file.empty() ? "none" : loaded_.dotenv_file}});
  for (const std::string& warning : loaded_.warnings) log_.warn(warning);
  announce(*port);
  wait_for_signal();
  service_.start();
  service_manager_.start([this] { return service_status(); });
  release_start_pages();
  loop_.run();
  return exit_code_;
}

void Program::announce(std::uint16_t port) const {
  const bool any = settings_.listen.host == "0.0.0.0" || settings_.listen.host == "::";
  const std::string host = any ? "127.0.0.1" : settings_.listen.host;
  const std::string base =
      settings_.listen.public_url.empty()
          ? fmt::format("http://{}:{}",
                        host.find(':') == std::string::npos ? host : "[" + host + "]", port)
          : settings_.listen.public_url.substr(
                0, settings_.listen.public_url.find_last_not_of('/') + 1);
  const std::string tokens =
      settings_.access.jwt_issuer.empty() ? "" : ", or tokens of " + settings_.access.jwt_issuer;
  const std::string keys =
      service_.gate().needs_key()
          ? fmt::format("needed ({} configured{})", service_.gate().keys().size(), tokens)
          : "none";
  log_.info("listening", {{"version", kVersion},
                          {"address", fmt::format("{}:{}", settings_.listen.host, port)},
                          {"mcp", base + "/mcp"},
                          {"sse", base + "/sse"},
                          {"message", base + settings_.endpoints.message_path},
                          {"rest", base + "/tools"},
                          {"health", base + "/health"},
                          {"keys", keys},
                          {"child", config::masked_command(settings_.command)}});
  if (!secret_.problem.empty()) {
    const auto level =
        service_.gate().needs_key() ? config::LogLevel::kWarn : config::LogLevel::kInfo;
    log_.write(level, "sessions end with this process: no place to keep the secret",
               {{"reason", secret_.problem}, {"setting", "MCP_STATE_DIR"}});
  }
  if (service_.gate().needs_key()) return;
  // Browsers do not send the fragment, so the token appears in no log of a proxy.
  if (settings_.endpoints.dashboard)
    log_.info("administration", {{"dashboard", base + "/#token=" + service_.start_token()}});
  else
    log_.info("administration", {{"start_token", service_.start_token()}});
  if (!access::is_loopback(settings_.listen.host) && settings_.listen.host != "localhost") {
    log_.warn(
        "no key or token is configured: everybody who reaches this address can call the tools and "
        "read the resources of the wrapped server",
        {{"address", fmt::format("{}:{}", settings_.listen.host, port)},
         {"setting", "MCP_API_KEY"}});
  }
}

void Program::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    const bool reloads = signal == SIGHUP && !terminal_.gone();
    if (!reloads) return shut_down(signal);
    read_settings_again();
    wait_for_signal();
  });
}

void Program::read_settings_again() {
  if (signals_seen_ > 0) return;  // shutting down
  service_manager_.reloading();
  const NeedsKey needs_key = [](const Configuration& fresh) {
    return Service::needs_key(fresh.loaded.settings, fresh.keys);
  };
  if (auto fresh = reload({loaded_, child_environment_, service_.gate().needs_key()}, read_again_,
                          needs_key, log_))
    apply(*std::move(fresh));
  service_manager_.reloaded();
}

// Unchanged settings are simply set again.
void Program::apply(Configuration fresh) {
  log_.set_level(settings_.log.level);
  child_environment_ = std::move(fresh.child_environment);
  service_.apply(std::move(fresh.networks), std::move(fresh.keys));
}

ServiceStatus Program::service_status() const {
  const mux::Readiness readiness = service_.instances().readiness();
  const std::string server =
      readiness.ready ? "ready" : "not ready: " + readiness.reason(auth::Disclosure::kStderr);
  return {readiness.ready,
          fmt::format("{}wrapped server {}; {} sessions, {} calls in flight",
                      signals_seen_ > 0 ? "shutting down; " : "", server,
                      service_.sessions().size(), service_.instances().in_flight())};
}

void Program::shut_down(int signal) {
  if (++signals_seen_ > 1) {
    log_.warn("second signal: ending at once", {{"signal", signal}});
    exit_code_ = 128 + signal;
    service_.instances().kill_now();
    service_.server().abort();
    return loop_.stop();
  }
  log_.info("shutting down",
            {{"signal", signal}, {"calls_in_flight", service_.instances().in_flight()}});
  service_manager_.stopping();
  if (audit_) audit_->hurry();
  service_.server().stop_accepting();
  service_.instances().refuse_calls("mcp-sidecar is shutting down");
  drain_until_ = timers_.now() + settings_.drain_timeout;
  drain();
  wait_for_signal();
}

void Program::drain() {
  const bool idle =
      service_.instances().in_flight() == 0 && service_.server().busy_connections() == 0;
  if (idle || timers_.now() >= drain_until_) return end_child();
  shutdown_timer_ = timers_.after(kDrainPoll, [this] { drain(); });
}

void Program::end_child() {
  if (const std::size_t cut = service_.instances().in_flight(); cut > 0)
    log_.warn("calls cut by the shutdown", {{"calls", cut}});
  service_.instances().stop([this] { end_the_rest(); });
}

void Program::end_the_rest() {
  const auto connections_ended = [this] {
    connections_ended_ = true;
    stop_when_ended();
  };
  shutdown_timer_ = timers_.after(kCloseTime, [this, connections_ended] {
    service_.server().abort();
    connections_ended();
  });
  service_.server().close(connections_ended);
  descendants_.when_done([this] {
    descendants_ended_ = true;
    stop_when_ended();
  });
}

void Program::stop_when_ended() {
  if (connections_ended_ && descendants_ended_) loop_.stop();
}

}  // namespace sidecar::app
