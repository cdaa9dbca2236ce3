#include "app/service.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include "access/credentials.hpp"
#include "child/descriptor_limit.hpp"
#include "config/command.hpp"
#include "endpoints/mcp/mcp_requests.hpp"
#include "http/engine.hpp"
#include "util/crypto.hpp"

namespace sidecar::app {
namespace {

constexpr std::size_t kStartTokenBytes = 32;
constexpr std::size_t kLoggedBody = 4096;  // bytes of a request body that MCP_DEBUG_REQUESTS shows

http::Limits http_limits(const config::Settings& settings) {
  http::Limits limits{settings.http};
  limits.write_stall = settings.streams.stall_limit;
  limits.reserved_descriptors = reserved_descriptors(settings.instances);
  // The server accepts an eighth more than the limit (http/connection_group.hpp). If there are not
  // enough descriptors for all of them, the limit is lowered.
  const std::uint64_t possible =
      child::descriptors_for_connections(limits.reserved_descriptors) / 9 * 8;
  if (possible < limits.connections) {
    limits.connections = std::max<std::size_t>(possible, 1);
    limits.connections_setting = "RLIMIT_NOFILE";
  }
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

// "https://host:8443/prefix" → "https://host:8443"; without the default port, as in an Origin
// field.
std::string origin_of(std::string_view url) {
  url = url.substr(0, url.find('/', url.find("://") + 3));
  const std::string_view usual = url.starts_with("https:") ? ":443" : ":80";
  if (url.ends_with(usual)) url.remove_suffix(usual.size());
  return std::string(url);
}

access::Origins origins(const config::Settings& settings, bool needs_key) {
  const bool loopback =
      settings.listen.host == "localhost" || access::is_loopback(settings.listen.host);
  access::OriginRules rules;
  rules.hosts = settings.access.allowed_hosts;
  rules.open = !needs_key;
  const std::string own =
      settings.listen.public_url.empty() ? "" : origin_of(settings.listen.public_url);
  if (!own.empty()) rules.hosts.push_back(own.substr(own.find("://") + 3));
  for (const std::string& origin : settings.access.cors_origins) {
    if (origin != "auto") {
      rules.allowed.push_back(origin);
    } else if (needs_key) {
      rules.allowed.emplace_back("*");
    } else {
      rules.local_pages = true;
      if (!own.empty()) rules.allowed.push_back(own);
    }
  }
  if (loopback && !needs_key)
    rules.host_check = access::HostCheck::kAll;
  else if (loopback || !settings.access.allowed_hosts.empty())
    rules.host_check = access::HostCheck::kPages;
  return access::Origins(rules);
}

// A single key without a keys file is an administrator's; otherwise only marked keys are.
std::vector<access::StoredKey> environment_keys(const config::Settings& settings) {
  std::vector<config::Key> all = settings.access.keys;
  all.insert(all.end(), settings.access.admin_keys.begin(), settings.access.admin_keys.end());
  const bool alone = all.size() == 1 && settings.access.keys_file.empty();
  std::vector<access::StoredKey> keys;
  for (const config::Key& key : all) {
    auto permissions = std::make_shared<auth::Permissions>();
    permissions->admin = alone || key.admin;
    keys.push_back({key.name, access::hash_of(key.secret), {}, std::move(permissions)});
  }
  return keys;
}

access::TokenRules token_rules(const config::Settings& settings) {
  access::TokenRules rules{settings.access.jwt_issuer, settings.access.jwt_audiences,
                           settings.access.jwt_scopes};
  if (rules.audiences.empty()) {
    for (const char* endpoint : {"", "/mcp", "/sse"})
      rules.audiences.push_back(settings.listen.public_url + endpoint);
  }
  return rules;
}

access::KeyRules key_rules(const config::Settings& settings, std::vector<access::StoredKey> of_file,
                           access::AccessTokens& tokens, std::string_view start_token) {
  const std::vector<access::StoredKey> others = environment_keys(settings);
  of_file.insert(of_file.end(), others.begin(), others.end());
  const bool needed = Service::needs_key(settings, of_file);
  return {access::Keys(std::move(of_file)),
          needed,
          settings.access.jwt_issuer.empty() ? nullptr : &tokens,
          settings.listen.public_url + std::string(endpoints::OAuthMetadata::kPath),
          access::hash_of(start_token),
          settings.access.open_admin};
}

std::string key_in_url(const http::Head& head) {
  for (const std::string_view name : access::kKeyParameters) {
    if (auto key = head.query_value(name); key && !key->empty()) return *std::move(key);
  }
  return {};
}

// The beginning of a body, without the keys that its request carries: some clients repeat theirs in
// the body.
std::string logged_body(const http::Request& request) {
  std::vector<std::string> keys = {
      std::string(request.header(access::kApiKeyField)),
      std::string(access::bearer_of(request.header(access::kAuthorizationField))),
      std::string(request.header(access::kVapiSecretField))};
  for (const std::string_view name : access::kKeyParameters)
    keys.push_back(request.query_value(name).value_or(""));
  std::size_t longest = 0;
  for (const std::string& key : keys) longest = std::max(longest, key.size());

  std::string shown;
  std::string_view rest = request.body;
  while (shown.size() < kLoggedBody) {
    const std::string_view window = rest.substr(0, kLoggedBody + longest);
    std::size_t at = window.npos;
    std::size_t size = 0;
    for (const std::string& key : keys) {
      const std::size_t found = key.empty() ? window.npos : window.find(key);
      if (found < at || (found != window.npos && found == at && key.size() > size))
        at = found, size = key.size();
    }
    shown += rest.substr(0, std::min(at, kLoggedBody - shown.size()));
    if (at == window.npos || shown.size() >= kLoggedBody) break;
    shown += "***";
    rest.remove_prefix(at + size);
  }
  return shown;
}

endpoints::DashboardOptions dashboard_options(const config::Settings& settings) {
  return {config::masked_command(settings.command),
          settings.listen.public_url,
          {settings.streams, {}}};  // no first bytes: the event `hello` follows at once
}

}  // namespace

// A shared child and its successor run side by side while the first finishes its calls.
std::uint64_t reserved_descriptors(const config::InstanceSettings& instances) {
  return child::reserved_descriptors(2 * instances.shared + instances.max_dedicated);
}

Service::Service(const config::Settings& settings, access::Networks networks,
                 const std::vector<access::StoredKey>& keys, child::ChildFactory children,
                 const Dependencies& dependencies)
    : settings_(settings),
      log_(dependencies.log),
      server_log_(log_.for_server(observe::kDefaultServer)),
      metrics_(dependencies.metrics),
      refusals_(log_, dependencies.timers),
      buffered_(settings.http.buffered_bytes, refusals_, metrics_),
      streams_(settings.sessions.streams_per_address, refusals_, dependencies.metrics),
      rings_(dependencies.timers, {}, dependencies.metrics),
      process_(random_hex(endpoints::EventId::kProcessDigits / 2)),
      wrapped_(observe::kDefaultServer, {}, settings, std::move(children),
               {dependencies.timers, log_, metrics_, dependencies.calls, sessions_, streams_,
                rings_, gate_, dependencies.secret, process_,
                [this](const http::Head& head) { return api_facts(head); },
                [this](const http::Head& head) { return prefix_of(head); }}),
      sessions_(dependencies.timers, settings.sessions, server_log_, dependencies.metrics),
      rates_(settings.access.rates, dependencies.timers),
      start_token_(random_hex(kStartTokenBytes)),
      tokens_(token_rules(settings), [this] { jwks_.key_unknown(); }),
      jwks_(
          settings.access.jwks, [this](access::Jwks jwks) { tokens_.set_keys(std::move(jwks)); },
          dependencies.loop, dependencies.timers, log_),
      gate_(key_rules(settings, keys, tokens_, start_token_), settings.access.permissions,
            origins(settings, needs_key(settings, keys)), std::move(networks), rates_, refusals_,
            dependencies.metrics),
      keys_watch_(
          settings.access.keys_file, environment_keys(settings), gate_, sessions_,
          [this](const auto& holds) { wrapped_.end_calls(holds); }, wrapped_.instances(),
          dependencies.timers, log_),
      health_(streams_, wrapped_.instances(), dependencies.timers, gate_.needs_key()),
      rate_status_(rates_, sessions_),
      session_list_(sessions_, dependencies.timers, server_log_),
      oauth_metadata_(tokens_.rules(), settings.listen.public_url,
                      path_of(settings.listen.public_url), [this] { return gate_.needs_key(); }),
      pages_(endpoints::embedded_pages()),
      dashboard_({wrapped_.instances(), sessions_, dependencies.recent, log_, metrics_, gate_},
                 dependencies.timers, dashboard_options(settings)),
      server_(
          dependencies.loop, dependencies.timers, http_limits(settings), buffered_, routes(),
          [this](const http::Head& head) { return judge(head); }, log_, dependencies.metrics) {
  sessions_.observe_by(dependencies.calls);
  sessions_.charge_to(buffered_);
  server_.serve_below(path_of(settings.listen.public_url));
}

bool Service::needs_key(const config::Settings& settings,
                        const std::vector<access::StoredKey>& of_file) {
  return !of_file.empty() || settings.access.needs_key();
}

// Unchanged settings are simply set again.
void Service::apply(access::Networks networks, std::vector<access::StoredKey> of_file) {
  if (gate_.set_everybody(settings_.access.permissions)) wrapped_.instances().permissions_changed();
  gate_.set_networks(std::move(networks));
  if (needs_key(settings_, of_file)) {
    gate_.close();
    health_.set_auth_enabled();
  }
  gate_.set_origins(origins(settings_, gate_.needs_key()));
  keys_watch_.take(std::move(of_file), environment_keys(settings_));
  rates_.set_rates(settings_.access.rates);
  wrapped_.apply(settings_.instances);
  streams_.set_most(settings_.sessions.streams_per_address);
  sessions_.set_limits(settings_.sessions);
}

void Service::start() {
  keys_watch_.start();
  if (!settings_.access.jwks.empty()) jwks_.start();
  wrapped_.start();
}

std::vector<http::Route> Service::routes() {
  std::vector<http::Route> all;
  for (auto& part :
       {wrapped_.routes(), health_.routes(), rate_status_.routes(), oauth_metadata_.routes(),
        session_list_.routes(), endpoints::metrics_routes(metrics_)}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  if (settings_.endpoints.dashboard) {
    for (auto& part : {pages_.routes(), dashboard_.routes()})
      all.insert(all.end(), part.begin(), part.end());
  } else {
    // MCP is served at this path too; to a browser it is unknown all the same.
    all.push_back({"GET", "/", "none", {.access = Access::kPublic}, [](http::Exchange exchange) {
                     exchange.reply(http::no_endpoint_here());
                   }});
  }
  for (http::Route& route : all) {
    route.handler = [this, handler = std::move(route.handler)](http::Exchange exchange) {
      if (!settings_.log.requests) return handler(std::move(exchange));
      const http::Request& request = exchange.request();
      log_.info("request body", {{"method", request.method},
                                 {"path", endpoints::logged_path(request)},
                                 {"address", request.caller->address},
                                 {"bytes", request.body.size()},
                                 {"body", logged_body(request)}});
      handler(std::move(exchange));
    };
  }
  return all;
}

std::optional<access::KnownSession> Service::session_of(const http::Head& head) const {
  const auto id = endpoints::named_session(head);
  const session::Session* session = id ? sessions_.find(*id) : nullptr;
  if (session == nullptr) return std::nullopt;
  const auth::Principal& opener = session->caller();
  access::KnownSession known{session->id(), opener.owner, opener.address, opener.loopback};
  if (settings_.access.allow_query_key && opener.by_url_key &&
      session->source().transport == endpoints::LegacySse::kTransport)
    known.url_key = opener.key_fingerprint;
  return known;
}

access::GateRequest Service::gate_request(const http::Head& head) const {
  return {head.method,
          endpoints::logged_path(head),
          head.peer_address,
          [&head](std::string_view name) { return head.header(name); },
          [&head](std::string_view name) { return head.list_header(name); },
          [&head](std::string_view name) {
            std::size_t fields = 0;
            head.fields.for_each(name, [&fields](std::string_view) { ++fields; });
            return fields > 1;
          },
          [this, &head] { return session_of(head); },
          settings_.access.allow_query_key ? key_in_url(head) : std::string(),
          head.rules,
          head.method_not_allowed};
}

endpoints::ApiFacts Service::api_facts(const http::Head& head) const {
  const std::string& url = settings_.listen.public_url;
  return {.server = url.empty() ? gate_.url_of(gate_request(head)) : url,
          .needs_key = gate_.needs_key(),
          .issuer = tokens_.rules().issuer,
          .scopes = tokens_.rules().scopes};
}

std::string Service::prefix_of(const http::Head& head) const {
  const std::string& url = settings_.listen.public_url;
  return url.empty() ? gate_.prefix_of(gate_request(head)) : path_of(url);
}

http::Verdict Service::judge(const http::Head& head) {
  access::Decision decision = gate_.judge(gate_request(head));
  http::Verdict verdict;
  verdict.reply_fields = std::move(decision.reply_fields);
  verdict.caller = std::move(decision.caller);
  // Health checks need no key, so they never take the connection of a known client.
  verdict.known =
      head.rules.access != Access::kProbe && (verdict.caller->has_key || !gate_.needs_key());
  if (decision.answer) {
    verdict.answer =
        decision.answer->message.empty()
            ? http::Response{.status = decision.answer->status}
            : http::error_response(decision.answer->status, decision.answer->message,
                                   decision.answer->retry_after, decision.answer->budget);
    std::move(decision.answer->fields.begin(), decision.answer->fields.end(),
              std::back_inserter(verdict.answer->fields));
  }
  return verdict;
}

}  // namespace sidecar::app
