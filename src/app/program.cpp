#include "app/program.hpp"

#include <csignal>
#include <fmt/format.h>
#include <iterator>
#include <unistd.h>

#include "app/reload.hpp"
#include "transport/session_id.hpp"
#include "util/version.hpp"

namespace sidecar::app {
namespace {

constexpr std::chrono::milliseconds kDrainPoll{20};
constexpr std::chrono::milliseconds kCloseTime{1'000};  // for answers and streams to be written at the end
constexpr std::size_t kLoggedBody = 4096;  // bytes of a request body that MCP_DEBUG_REQUESTS shows

http::SseOptions stream_options(const config::Settings& settings) {
  http::SseOptions options;
  options.keep_alive = settings.keepalive_interval;
  options.queue_limit = settings.stream_queue_bytes;
  options.stall_limit = settings.stream_stall;
  return options;
}

child::SupervisorOptions child_options(const config::Settings& settings, child::Launch launch,
                                       std::function<std::vector<std::string>()> environment) {
  child::SupervisorOptions options;
  options.process.launch = std::move(launch);
  options.environment = std::move(environment);
  options.process.kill_times = {settings.stdin_close_grace, settings.term_grace};
  options.process.max_line_bytes = settings.max_line_bytes;
  options.process.stdin_queue_bytes = settings.stdin_queue_bytes;
  options.handshake_timeout = settings.handshake_timeout;
  options.restart_delays = {settings.restart_delay, settings.restart_delay_max};
  return options;
}

child::ChildFactory child_factory(const child::Host& host, child::SupervisorOptions options) {
  return [host, options = std::move(options)](std::string name) {
    child::SupervisorOptions named = options;
    named.process.name = std::move(name);
    return std::make_unique<child::Supervisor>(host, std::move(named));
  };
}

mux::Limits call_limits(const config::Settings& settings) {
  mux::Limits limits;
  limits.calls_per_client = settings.max_calls_per_session;
  limits.calls = settings.max_calls;
  limits.waiting_bytes = settings.stdin_queue_bytes;
  limits.call_timeout = settings.call_timeout;
  limits.call_timeout_total = settings.call_timeout_total;
  limits.wedged_after = settings.wedged_after;
  limits.probe_timeout = settings.probe_timeout;
  limits.restart_wedged = settings.restart_wedged;
  return limits;
}

mux::Sharing sharing(std::string_view word) {
  if (word == "shared") return mux::Sharing::kShared;
  return word == "isolated" ? mux::Sharing::kIsolated : mux::Sharing::kAuto;
}

mux::InstancesOptions instances_options(const config::Settings& settings) {
  mux::InstancesOptions options;
  options.sharing = sharing(settings.sessions);
  options.shared = settings.instances;
  options.most_own = settings.max_instances;
  options.most_own_per_owner = settings.max_instances_per_owner;
  options.warm = settings.warm_instances;
  options.client_roots = settings.allow_client_roots;
  options.restart_drain = settings.restart_drain;
  options.child_rate = settings.child_rate;
  options.limits = call_limits(settings);
  return options;
}

access::Rates rates(const config::Settings& settings) {
  return {settings.session_rate, settings.key_rate, settings.address_rate, settings.wrong_key_rate};
}

session::TableLimits session_limits(const config::Settings& settings) {
  return {settings.max_sessions, settings.session_timeout};
}

http::Limits http_limits(const config::Settings& settings) {
  http::Limits limits;
  limits.head_bytes = settings.max_head_bytes;
  limits.body_bytes = settings.max_body_bytes;
  limits.receive_time = settings.receive_timeout;
  limits.idle_time = settings.idle_connection;
  limits.write_stall = settings.stream_stall;
  limits.buffered_bytes = settings.max_buffered_bytes;
  limits.connections = settings.max_tcp_connections;
  limits.connections_per_address = settings.max_tcp_connections_per_ip;
  return limits;
}

// "https://host/prefix/" → "/prefix"
std::string path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t slash = scheme == std::string_view::npos ? scheme : url.find('/', scheme + 3);
  if (slash == std::string_view::npos) return {};
  std::string_view path = url.substr(slash);
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return std::string(path);
}

// "https://host:8443/prefix" → "host:8443"
std::string authority_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find('/')));
}

access::Origins origins(const config::Settings& settings) {
  const bool loopback = settings.host == "localhost" || access::is_loopback(settings.host);
  return {settings.cors_origins, loopback, {authority_of(settings.public_url)}};
}

// Keys from the environment may do everything, unless a keys file says who is an administrator.
std::vector<access::StoredKey> environment_keys(const config::Settings& settings) {
  const bool admin = settings.keys_file.empty();
  std::vector<access::StoredKey> keys;
  for (const config::Key& key : settings.keys) {
    auto permissions = std::make_shared<config::Permissions>();
    permissions->admin = admin;
    keys.push_back({key.name, access::hash_of(key.secret), {}, std::move(permissions)});
  }
  return keys;
}

access::KeyRules key_rules(const config::Settings& settings, std::vector<access::StoredKey> of_file) {
  const std::vector<access::StoredKey> others = environment_keys(settings);
  of_file.insert(of_file.end(), others.begin(), others.end());
  const bool needed = !of_file.empty() || !settings.keys_file.empty();
  return {access::Keys(std::move(of_file)), needed};
}

void append(http::Fields& fields, const access::HeaderFields& more) {
  for (const auto& [name, value] : more) fields.push_back({name, value});
}

std::string command_line(const std::vector<std::string>& command) {
  return fmt::format("{}", fmt::join(command, " "));
}

}  // namespace

Program::Program(Configuration configuration, child::Launch launch, ReadConfiguration read_again,
                 const config::Environment& environment, const child::Guard& guard, observe::Log& log)
    : loaded_(std::move(configuration.loaded)),
      log_(log),
      read_again_(std::move(read_again)),
      child_environment_(std::move(configuration.child_environment)),
      service_manager_(environment, timers_, log_),
      signals_(loop_, SIGTERM, SIGINT, SIGHUP),
      reaper_(loop_),
      instances_(
          child_factory({loop_, timers_, log_, metrics_, reaper_, guard},
                        child_options(settings_, std::move(launch), [this] { return child_environment_; })),
          timers_, instances_options(settings_), log_, metrics_),
      streams_(settings_.max_streams_per_ip, metrics_),
      rings_(timers_, {}, metrics_),
      streamable_parts_{timers_, metrics_, rings_, stream_options(settings_), settings_.stream_after},
      sessions_(timers_, session_limits(settings_), log_, metrics_),
      rates_(rates(settings_), timers_),
      gate_(key_rules(settings_, std::move(configuration.keys)), settings_.permissions, origins(settings_),
            std::move(configuration.networks), rates_, log_, metrics_),
      keys_watch_(settings_.keys_file, environment_keys(settings_), gate_, sessions_, timers_, log_),
      legacy_sse_(sessions_, instances_, streams_, timers_,
                  {path_of(settings_.public_url) + settings_.message_path, stream_options(settings_)},
                  metrics_),
      streamable_http_(sessions_, instances_, streams_, streamable_parts_),
      rest_(instances_, settings_.rest_timeout, settings_.max_line_bytes, stream_options(settings_)),
      health_(sessions_, instances_, timers_, gate_.needs_key()),
      admin_(instances_, log_),
      rate_status_(rates_, sessions_),
      server_(
          loop_, timers_, http_limits(settings_), routes(),
          [this](const http::Head& head) { return judge(head); }, log_, metrics_) {
  instances_.set_give_way([this](const std::string* owner) { return sessions_.give_way(owner); });
}

Result<int> Program::run() {
  const auto port = server_.listen(settings_.host, settings_.port);
  if (!port) return tl::unexpected(port.error());
  log_.info("Environment loaded", {{"variables", loaded_.dotenv_variables},
                                   {"file", loaded_.dotenv_file.empty() ? "none" : loaded_.dotenv_file}});
  for (const std::string& warning : loaded_.warnings) log_.warn(warning);
  announce(*port);
  wait_for_signal();
  keys_watch_.start();
  instances_.start();
  service_manager_.start([this] { return service_status(); });
  loop_.run();
  return exit_code_;
}

std::vector<http::Route> Program::routes() {
  std::vector<http::Route> all;
  for (auto& part : {streamable_http_.routes(), legacy_sse_.routes(), rest_.routes(), health_.routes(),
                     admin_.routes(), rate_status_.routes()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  for (http::Route& route : all) {
    route.handler = [this, handler = std::move(route.handler)](http::Exchange exchange) {
      if (!settings_.debug_requests) return handler(std::move(exchange));
      const http::Request& request = exchange.request();
      log_.info("request body", {{"method", request.method},
                                 {"path", request.path},
                                 {"address", request.caller->address},
                                 {"bytes", request.body.size()},
                                 {"body", std::string_view(request.body).substr(0, kLoggedBody)}});
      handler(std::move(exchange));
    };
  }
  return all;
}

std::optional<access::KnownSession> Program::session_of(const http::Head& head) const {
  const auto id = transport::named_session(head);
  const session::Session* session = id ? sessions_.find(*id) : nullptr;
  if (session == nullptr) return std::nullopt;
  return access::KnownSession{session->id(), session->caller().owner, session->caller().address};
}

http::Verdict Program::judge(const http::Head& head) {
  access::Decision decision =
      gate_.judge({head.method, head.path, head.peer_address,
                   [&head](std::string_view name) { return head.header(name); },
                   [&head](std::string_view name) { return head.list_header(name); },
                   [this, &head] { return session_of(head); },
                   settings_.allow_query_key ? head.query_value("api_key").value_or("") : std::string()});
  http::Verdict verdict;
  append(verdict.reply_fields, decision.reply_fields);
  verdict.caller = std::move(decision.caller);
  if (decision.answer) {
    verdict.answer = decision.answer->message.empty()
                         ? http::Response{decision.answer->status, {}, {}, {}}
                         : http::error_response(decision.answer->status, decision.answer->message,
                                                decision.answer->retry_after);
    append(verdict.answer->fields, decision.answer->fields);
  }
  return verdict;
}

void Program::announce(std::uint16_t port) const {
  const bool any = settings_.host == "0.0.0.0" || settings_.host == "::";
  const std::string host = any ? "127.0.0.1" : settings_.host;
  const std::string base =
      settings_.public_url.empty()
          ? fmt::format("http://{}:{}", host.find(':') == std::string::npos ? host : "[" + host + "]", port)
          : settings_.public_url.substr(0, settings_.public_url.find_last_not_of('/') + 1);
  const std::string keys = gate_.needs_key() ? fmt::format("needed ({} configured)", gate_.keys().size())
                                             : "none: whoever reaches this address may use it";
  log_.info("listening", {{"version", kVersion},
                          {"address", fmt::format("{}:{}", settings_.host, port)},
                          {"mcp", base + "/mcp"},
                          {"sse", base + "/sse"},
                          {"message", base + settings_.message_path},
                          {"rest", base + "/tools"},
                          {"health", base + "/health"},
                          {"keys", keys},
                          {"child", command_line(settings_.command)}});
  if (!gate_.needs_key() && host != "127.0.0.1" && host != "localhost") {
    log_.warn("no key is configured, and other machines can reach this address: set MCP_API_KEY");
  }
}

// --- signals, and what systemd is told
// -------------------------------------------------------------------------------------------------------

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
  if (signals_seen_ > 0) return;  // on the way to the end
  service_manager_.reloading();
  const NeedsKey needs_key = [](const Configuration& fresh) {
    return key_rules(fresh.loaded.settings, fresh.keys).needed;
  };
  if (auto fresh = reload({loaded_, child_environment_, gate_.needs_key()}, read_again_, needs_key, log_))
    apply(*std::move(fresh));
  service_manager_.reloaded();
}

// What does not differ is set to what it is.
void Program::apply(Configuration fresh) {
  log_.set_level(log_level(settings_));
  child_environment_ = std::move(fresh.child_environment);
  gate_.set_everybody(settings_.permissions);
  gate_.set_origins(origins(settings_));
  gate_.set_networks(std::move(fresh.networks));
  if (key_rules(settings_, fresh.keys).needed) {
    gate_.close();
    health_.set_auth_enabled();
  }
  keys_watch_.take(std::move(fresh.keys), environment_keys(settings_));
  rates_.set_rates(rates(settings_));
  instances_.set_child_rate(settings_.child_rate);
  streams_.set_most(settings_.max_streams_per_ip);
  sessions_.set_limits(session_limits(settings_));
}

ServiceStatus Program::service_status() const {
  const mux::Readiness readiness = instances_.readiness();
  const std::string server = readiness.ready ? "ready" : "not ready: " + readiness.reason;
  return {readiness.ready, fmt::format("{}wrapped server {}; {} sessions, {} calls in flight",
                                       signals_seen_ > 0 ? "shutting down; " : "", server, sessions_.size(),
                                       instances_.in_flight())};
}

// --- shutdown
// -------------------------------------------------------------------------------------------------------

void Program::shut_down(int signal) {
  if (++signals_seen_ > 1) {
    log_.warn("second signal: ending at once", {{"signal", signal}});
    exit_code_ = 128 + signal;
    instances_.kill_now();
    server_.abort();
    return loop_.stop();
  }
  log_.info("shutting down", {{"signal", signal}, {"calls_in_flight", instances_.in_flight()}});
  service_manager_.stopping();
  server_.stop_accepting();
  instances_.refuse_calls("mcp-sidecar is shutting down");
  drain_until_ = timers_.now() + settings_.drain_timeout;
  drain();
  wait_for_signal();
}

void Program::drain() {
  const bool idle = instances_.in_flight() == 0 && server_.busy_connections() == 0;
  if (idle || timers_.now() >= drain_until_) return end_child();
  shutdown_timer_ = timers_.after(kDrainPoll, [this] { drain(); });
}

void Program::end_child() {
  if (const std::size_t cut = instances_.in_flight(); cut > 0)
    log_.warn("calls cut by the shutdown", {{"calls", cut}});
  instances_.stop([this] { end_connections(); });
}

void Program::end_connections() {
  shutdown_timer_ = timers_.after(kCloseTime, [this] {
    server_.abort();
    loop_.stop();
  });
  server_.close([this] { loop_.stop(); });
}

}  // namespace sidecar::app
