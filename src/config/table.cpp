#include "config/table.hpp"

#include <fmt/format.h>
#include <string>
#include <utility>

#include "config/command.hpp"
#include "config/keys.hpp"
#include "config/network_values.hpp"
#include "config/text.hpp"
#include "config/values.hpp"

namespace sidecar::config {
namespace {

constexpr std::int64_t kMs = 1;
constexpr std::int64_t kSecond = 1'000 * kMs;
constexpr std::int64_t kHour = 3'600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::size_t kKb = 1 << 10;
constexpr std::size_t kMb = 1 << 20;
constexpr std::size_t kGb = 1 << 30;

// The field at the end of a path of members, such as &Settings::http, &HttpLimits::head_bytes.
template <auto First, auto... Rest, class Struct>
constexpr auto& at(Struct& from) {
  if constexpr (sizeof...(Rest) == 0)
    return from.*First;
  else
    return at<Rest...>(from.*First);
}

template <auto... Path>
bool take(Settings& to, const Settings& from) {
  auto& field = at<Path...>(to);
  const auto& fresh = at<Path...>(from);
  if (field == fresh) return false;
  field = fresh;
  return true;
}

template <Setting::Parse parse, auto... Path>
constexpr Setting::Field field{parse, take<Path...>};

template <class Value, class Field>
Result<void> store(Result<Value> value, Field& field) {
  if (!value) return tl::unexpected(value.error());
  field = static_cast<Field>(*std::move(value));
  return {};
}

template <auto Parse, auto... Path>
Result<void> parse_with(std::string_view, std::string_view text, Settings& out) {
  return store(Parse(text), at<Path...>(out));
}
template <auto Parse, auto... Path>
constexpr Setting::Field with = field<parse_with<Parse, Path...>, Path...>;

template <std::int64_t Least, std::int64_t Most>
Result<Milliseconds> duration_in(std::string_view text) {
  return parse_duration(text, Milliseconds(Least), Milliseconds(Most));
}
template <std::int64_t Least, std::int64_t Most, auto... Path>
constexpr Setting::Field duration = with<duration_in<Least, Most>, Path...>;

template <std::size_t Least, std::size_t Most>
auto size_in(std::string_view text) {
  return parse_size(text, Least, Most);
}
template <std::size_t Least, std::size_t Most, auto... Path>
constexpr Setting::Field size = with<size_in<Least, Most>, Path...>;

template <std::size_t Least, std::size_t Most>
auto number_in(std::string_view text) {
  return parse_number(text, Least, Most);
}
template <std::size_t Least, std::size_t Most, auto... Path>
constexpr Setting::Field number = with<number_in<Least, Most>, Path...>;

template <auto... Path>
constexpr Setting::Field yes_or_no = with<parse_switch, Path...>;

Result<std::uint64_t> port(std::string_view text) {
  const auto value = parse_number(text, 0, 65'535);
  if (!value) return fail("not a port number (0–65535)");
  return *value;
}

// The predecessor read MCP_API_KEY as one key: a comma or a colon in it is part of the key.
Result<void> keys(std::string_view name, std::string_view text, Settings& out) {
  return store(name == "MCP_API_KEY" ? parse_single_key(text) : parse_key_list(text),
               out.access.keys);
}

Result<void> admin_key(std::string_view, std::string_view text, Settings& out) {
  auto keys = parse_single_key(text);
  if (keys) keys->front().admin = true;
  return store(std::move(keys), out.access.admin_keys);
}

// The wrapped server reads LOG_LEVEL too, and its logger may use other words for the levels (npm's,
// pino's, Python's). The sidecar accepts them, so that it can start.
constexpr std::pair<std::string_view, LogLevel> kLevels[] = {
    {"trace", LogLevel::kTrace},  {"silly", LogLevel::kTrace},    {"all", LogLevel::kTrace},
    {"debug", LogLevel::kDebug},  {"verbose", LogLevel::kDebug},  {"info", LogLevel::kInfo},
    {"http", LogLevel::kInfo},    {"notice", LogLevel::kInfo},    {"warn", LogLevel::kWarn},
    {"warning", LogLevel::kWarn}, {"error", LogLevel::kError},    {"err", LogLevel::kError},
    {"fatal", LogLevel::kError},  {"critical", LogLevel::kError}, {"crit", LogLevel::kError},
    {"alert", LogLevel::kError},  {"emerg", LogLevel::kError},    {"off", LogLevel::kOff},
    {"silent", LogLevel::kOff},   {"none", LogLevel::kOff},
};
constexpr std::pair<std::string_view, LogForm> kForms[] = {
    {"auto", LogForm::kAuto}, {"text", LogForm::kText}, {"json", LogForm::kJson}};
constexpr std::pair<std::string_view, Sharing> kSharing[] = {
    {"auto", Sharing::kAuto}, {"shared", Sharing::kShared}, {"isolated", Sharing::kIsolated}};
constexpr std::pair<std::string_view, AuditArguments> kAuditArguments[] = {
    {"off", AuditArguments::kOff},
    {"hash", AuditArguments::kHash},
    {"full", AuditArguments::kFull}};

// The value of a word, in any case.
template <class Value, std::size_t Count>
Result<Value> value_of(const std::pair<std::string_view, Value> (&words)[Count],
                       std::string_view text, const char* otherwise) {
  const std::string word = lower_case(trimmed(text));
  for (const auto& [known, value] : words) {
    if (word == known) return value;
  }
  return fail(otherwise);
}

Result<LogLevel> log_level(std::string_view text) {
  return value_of(kLevels, text, "not a log level (trace, debug, info, warn, error, off)");
}

Result<LogForm> log_form(std::string_view text) {
  return value_of(kForms, text, "not a log format (auto, text, json)");
}

Result<Sharing> sharing(std::string_view text) {
  return value_of(kSharing, text, "not a way to place sessions (auto, shared, isolated)");
}

Result<AuditArguments> audit_arguments(std::string_view text) {
  return value_of(kAuditArguments, text, "not a way to keep arguments (off, hash, full)");
}

Result<std::string> message_path(std::string_view text) {
  const std::string_view path = trimmed(text);
  if (path != "/message" && path != "/messages")
    return fail("not a path for messages (/message, /messages)");
  return std::string(path);
}

// A number, or `off` for no limit.
template <std::size_t Most>
Result<std::uint64_t> number_or_off(std::string_view text) {
  return lower_case(trimmed(text)) == "off" ? Result<std::uint64_t>(0)
                                            : parse_number(text, 0, Most);
}
template <std::size_t Most, auto... Path>
constexpr Setting::Field limit = with<number_or_off<Most>, Path...>;

template <std::size_t Most>
Result<std::chrono::hours> days(std::string_view text) {
  return number_or_off<Most>(text).map(
      [](std::uint64_t number) { return std::chrono::hours(24 * number); });
}

// A size, or `off` for no limit.
template <std::size_t Least, std::size_t Most>
Result<std::size_t> size_or_off(std::string_view text) {
  const bool off = lower_case(trimmed(text)) == "off" || trimmed(text) == "0";
  return off ? Result<std::size_t>(0) : parse_size(text, Least, Most);
}

// Quotes that no shell removed: a pattern with them matches nothing, and would deny nothing.
bool quoted(std::string_view text) { return text.find_first_of("'\"") != std::string_view::npos; }

Result<std::string> audit_hash_key(std::string_view text) {
  constexpr std::size_t kMinLength = 16;
  if (trimmed(text).size() < kMinLength) return fail("too short for a key: 16 characters or more");
  return std::string(trimmed(text));
}

Result<std::string> folder(std::string_view text) {
  if (quoted(text)) return fail("not a path: it is written without quotes");
  return std::string(trimmed(text));
}

// Patterns of names, for all callers.
Result<std::vector<std::string>> patterns_in(std::string_view text) {
  std::vector<std::string> names;
  if (quoted(text)) return fail("not a comma list of patterns: they are written without quotes");
  for (const std::string_view item : list_items(text)) names.emplace_back(item);
  if (names.empty()) return fail("holds no pattern");
  return names;
}
template <auto Part, auto List>
constexpr Setting::Field patterns =
    with<patterns_in, &Settings::access, &AccessSettings::permissions, Part, List>;

Result<std::string> keys_file(std::string_view text) {
  if (quoted(text)) return fail("not a path: it is written without quotes");
  if (trimmed(text).empty()) return fail("names no file");
  return std::string(trimmed(text));
}

using S = Settings;
using P = auth::Permissions;
using N = auth::NameRules;
using G = Group;
constexpr auto kAtStart = Applies::kAtStart;
constexpr auto kOnReload = Applies::kOnReload;

// clang-format off
constexpr Setting kSettings[] = {
    {G::kServer, "MCP_COMMAND", "--stdio", {}, "COMMAND", "",
     "Command line of the wrapped server, split into words as by a shell (quotes, backslashes); nothing is expanded and no shell runs. NAME=value in front of the program is a variable of its environment. Alternatively, put the command after --",
     with<parse_command, &S::command>, kAtStart, Secret::kInCommand},

    {G::kListening, "MCP_HOST", "--host", {"SDP_HTTP_HOST"}, "HOST", "127.0.0.1",
     "Address to listen on; 0.0.0.0 or :: for all addresses",
     with<parse_host, &S::listen, &ListenSettings::host>, kAtStart},
    {G::kListening, "MCP_PORT", "--port", {"PORT", "SDP_HTTP_PORT"}, "PORT", "3001",
     "Port to listen on; 0 lets the system choose one",
     with<port, &S::listen, &ListenSettings::port>, kAtStart},
    {G::kListening, "MCP_PUBLIC_URL", "--public-url", {}, "URL", "",
     "URL under which clients reach mcp-sidecar, including the path prefix of a proxy, whether or not the proxy strips it",
     with<parse_public_url, &S::listen, &ListenSettings::public_url>, kAtStart, Secret::kInUrl},
    {G::kListening, "MCP_MESSAGE_PATH", "--message-path", {}, "PATH", "/message",
     "Path for messages in the endpoint event of SSE: /message or /messages (the default if any setting comes from an SDP_ variable)",
     with<message_path, &S::endpoints, &EndpointSettings::message_path>, kAtStart},

    {G::kAccess, "MCP_API_KEYS", "--api-keys", {"MCP_API_KEY", "SDP_API_KEYS"}, "KEYS", "",
     "Comma list of keys, each KEY, NAME:KEY or NAME:KEY:admin; without keys every client is accepted. MCP_API_KEY holds one key, which may contain commas and colons. A single key is an administrator's; of several only those marked :admin are",
     field<keys, &S::access, &AccessSettings::keys>, kOnReload, Secret::kYes},
    {G::kAccess, "MCP_ADMIN_KEY", "--admin-key", {}, "KEY", "",
     "Key of an administrator, in addition to MCP_API_KEYS and the keys file; may contain commas and colons",
     field<admin_key, &S::access, &AccessSettings::admin_keys>, kOnReload, Secret::kYes},
    {G::kAccess, "MCP_KEYS_FILE", "--keys-file", {}, "PATH", "",
     "File of key hashes with expiry and permissions, made by mcp-sidecar keys; read again when it changes",
     with<keys_file, &S::access, &AccessSettings::keys_file>, kAtStart},
    {G::kAccess, "MCP_ALLOW_QUERY_KEY", "--allow-query-key", {}, "", "false",
     "Also accept a key in the URL, as ?api_key= (or apiKey, apikey, key, token), for clients that cannot send headers; over SSE the messages of such a stream need no key. URLs appear in the logs of proxies and servers",
     yes_or_no<&S::access, &AccessSettings::allow_query_key>, kOnReload},
    {G::kAccess, "MCP_JWT_ISSUER", "--jwt-issuer", {}, "URL", "",
     "Authorization server whose access tokens (OAuth 2.1, signed JWTs) are accepted in addition to keys; needs MCP_JWT_JWKS and MCP_PUBLIC_URL",
     with<parse_issuer, &S::access, &AccessSettings::jwt_issuer>, kAtStart, Secret::kInUrl},
    {G::kAccess, "MCP_JWT_JWKS", "--jwt-jwks", {}, "PLACE", "",
     "Public keys of the authorization server: an http(s) URL, fetched every 10 minutes and when a token names an unknown key, or a file, read again when it changes",
     with<parse_key_source, &S::access, &AccessSettings::jwks>, kAtStart, Secret::kInUrl},
    {G::kAccess, "MCP_JWT_AUDIENCE", "--jwt-audience", {}, "NAMES", "",
     "Comma list of accepted audiences (aud) of tokens; default: MCP_PUBLIC_URL, alone and with /mcp or /sse",
     with<parse_audiences, &S::access, &AccessSettings::jwt_audiences>, kAtStart, Secret::kInUrl},
    {G::kAccess, "MCP_JWT_SCOPES", "--jwt-scopes", {}, "SCOPES", "",
     "Comma list of scopes that every token needs (403)",
     with<parse_scopes, &S::access, &AccessSettings::jwt_scopes>, kAtStart},
    {G::kAccess, "MCP_ALLOWED_TOOLS", "--allowed-tools", {}, "PATTERNS", "",
     "Comma list of patterns such as get_*: the only tools that any client may see and call",
     patterns<&P::tools, &N::allow>, kOnReload},
    {G::kAccess, "MCP_DENIED_TOOLS", "--denied-tools", {}, "PATTERNS", "",
     "Comma list of patterns: tools that no client may see or call",
     patterns<&P::tools, &N::deny>, kOnReload},
    {G::kAccess, "MCP_ALLOWED_RESOURCES", "--allowed-resources", {}, "PATTERNS", "",
     "Comma list of patterns of URIs: the only resources that any client may see and read",
     patterns<&P::resources, &N::allow>, kOnReload},
    {G::kAccess, "MCP_DENIED_RESOURCES", "--denied-resources", {}, "PATTERNS", "",
     "Comma list of patterns of URIs: resources that no client may see or read",
     patterns<&P::resources, &N::deny>, kOnReload},
    {G::kAccess, "MCP_ALLOWED_PROMPTS", "--allowed-prompts", {}, "PATTERNS", "",
     "Comma list of patterns: the only prompts that any client may see and get",
     patterns<&P::prompts, &N::allow>, kOnReload},
    {G::kAccess, "MCP_DENIED_PROMPTS", "--denied-prompts", {}, "PATTERNS", "",
     "Comma list of patterns: prompts that no client may see or get",
     patterns<&P::prompts, &N::deny>, kOnReload},
    {G::kAccess, "MCP_READ_ONLY", "--read-only", {}, "", "false",
     "Allow only tools that the wrapped server annotates with readOnlyHint",
     yes_or_no<&S::access, &AccessSettings::permissions, &P::read_only>, kOnReload},
    {G::kAccess, "MCP_CORS_ORIGINS", "--cors-origins", {"SDP_CORS_ORIGIN"}, "ORIGINS", "auto",
     "Comma list of origins whose pages may call mcp-sidecar; * for all, none for no other origin; auto may be one of several, as in auto,https://a.example. auto: with keys or tokens, all; without, pages of this machine (localhost, loopback addresses), of MCP_PUBLIC_URL, and of mcp-sidecar itself under an address or a name of MCP_ALLOWED_HOSTS",
     with<parse_origins, &S::access, &AccessSettings::cors_origins>, kOnReload, Secret::kInUrl},
    {G::kAccess, "MCP_ALLOWED_HOSTS", "--allowed-hosts", {}, "HOSTS", "",
     "Comma list of host names, such as mcp.example.com or *.example.com, under which pages may reach mcp-sidecar, in addition to addresses, localhost and the host of MCP_PUBLIC_URL (403); * for all. If not set, names are checked only on loopback: for pages and, without keys, for every request",
     with<parse_allowed_hosts, &S::access, &AccessSettings::allowed_hosts>, kOnReload, Secret::kInUrl},
    {G::kAccess, "MCP_ALLOWED_IPS", "--allowed-ips", {"SDP_ALLOWED_IPS"}, "NETWORKS", "*",
     "Comma list of client addresses and networks that are accepted (403); * for all",
     with<parse_allowed_addresses, &S::access, &AccessSettings::allowed_addresses>, kOnReload},
    {G::kAccess, "MCP_TRUSTED_PROXIES", "--trusted-proxies", {}, "NETWORKS", "127.0.0.0/8,::1",
     "Comma list of addresses and networks of proxies whose X-Forwarded-For, Forwarded and X-Real-IP are used; or none",
     with<parse_networks, &S::access, &AccessSettings::trusted_proxies>, kOnReload},
    {G::kAccess, "MCP_OPEN_ADMIN", "--open-admin", {}, "", "false",
     "Without keys: every program of this machine is an administrator (dashboard, /calls, /logs, /metrics, POST /restart, DELETE /sessions), and so are the clients of a local proxy that does not report them. Otherwise administrators need the start token, which is logged at start",
     yes_or_no<&S::access, &AccessSettings::open_admin>, kAtStart},
    {G::kAccess, "MCP_PASS_SECRETS", "--pass-secrets", {}, "", "false",
     "Leave the sidecar's own secrets in the environment of the wrapped server",
     yes_or_no<&S::child, &ChildSettings::pass_secrets>, kOnReload},

    {G::kRates, "MCP_RATE_LIMIT_PER_MIN", "--rate-limit-per-min", {"SSE_RATE_LIMIT_PER_MIN"}, "RATE", "off",
     "Requests per session (429); without a session, per key and address together. 60 is 60 per minute, 100/15m is 100 in 15 minutes",
     with<parse_rate, &S::access, &AccessSettings::rates, &Rates::session>, kOnReload, Secret::kNo, "60"},
    {G::kRates, "MCP_RATE_LIMIT_PER_KEY", "--rate-limit-per-key", {"SDP_RATE_LIMIT_PER_KEY"}, "RATE", "off",
     "Requests per key (429)",
     with<parse_rate, &S::access, &AccessSettings::rates, &Rates::key>, kOnReload},
    {G::kRates, "MCP_RATE_LIMIT_PER_IP", "--rate-limit-per-ip", {}, "RATE", "off",
     "Requests per address (429); for IPv6, per network of 64 bits",
     with<parse_rate, &S::access, &AccessSettings::rates, &Rates::address>, kOnReload},
    {G::kRates, "MCP_FAILED_KEYS_LIMIT", "--failed-keys-limit", {}, "RATE", "20",
     "Wrong keys per address that are answered with 401; further ones get 429. Valid keys always pass",
     with<parse_rate, &S::access, &AccessSettings::rates, &Rates::wrong_keys>, kOnReload},
    {G::kRates, "MCP_CHILD_RATE_LIMIT", "--child-rate-limit", {}, "RATE", "off",
     "Calls of all clients together to the wrapped server (429), e.g. 60/1m if the service behind it has such a limit",
     with<parse_rate, &S::instances, &InstanceSettings::child_rate>, kOnReload},

    {G::kSessions, "MCP_MAX_CONNECTIONS", "--max-connections", {"SSE_MAX_TOTAL_CONNECTIONS", "SDP_MAX_CONNECTIONS"}, "N", "1000",
     "Sessions in total, shared among the keys",
     number<1, 1'000'000, &S::sessions, &SessionLimits::sessions>, kOnReload},
    {G::kSessions, "MCP_MAX_SESSIONS_PER_KEY", "--max-sessions-per-key", {}, "N", "off",
     "Open sessions per key (503); off or 0 for no limit",
     limit<1'000'000, &S::sessions, &SessionLimits::sessions_per_owner>, kOnReload},
    {G::kSessions, "MCP_MAX_CONNECTIONS_PER_IP", "--max-connections-per-ip", {"SSE_MAX_CONNECTIONS_PER_IP"}, "N", "off",
     "Open event streams per address (503); off or 0 for no limit",
     limit<1'000'000, &S::sessions, &SessionLimits::streams_per_address>, kOnReload, Secret::kNo, "10"},
    {G::kSessions, "MCP_SESSION_TIMEOUT", "--session-timeout", {"SSE_SESSION_TIMEOUT", "SDP_SESSION_TIMEOUT"}, "TIME", "30m",
     "A session without messages, calls and open streams ends after this time",
     duration<kSecond, 30 * kDay, &S::sessions, &SessionLimits::idle>, kOnReload},
    {G::kSessions, "MCP_KEEPALIVE_INTERVAL", "--keepalive-interval", {"SSE_KEEPALIVE_INTERVAL"}, "TIME", "15s",
     "A silent event stream gets a comment after this time",
     duration<100 * kMs, kDay, &S::streams, &StreamLimits::keep_alive>, kAtStart},
    {G::kSessions, "MCP_STREAM_QUEUE", "--stream-queue", {}, "SIZE", "8MB",
     "Largest queue of one slow event stream, not counting the message being sent",
     size<kKb, 16 * kGb, &S::streams, &StreamLimits::queue_limit>, kAtStart},
    {G::kSessions, "MCP_STREAM_STALL", "--stream-stall", {}, "TIME", "30s",
     "A stream whose client reads nothing for this time is closed",
     duration<100 * kMs, kDay, &S::streams, &StreamLimits::stall_limit>, kAtStart},
    {G::kSessions, "MCP_STREAM_AFTER", "--stream-after", {}, "TIME", "1s",
     "Streamable HTTP: a response that takes longer becomes an event stream",
     duration<0, kHour, &S::endpoints, &EndpointSettings::stream_after>, kAtStart},
    {G::kSessions, "MCP_SESSION_REVIVE", "--session-revive", {}, "TIME", "30d",
     "Streamable HTTP: a client may continue its session after a restart of mcp-sidecar until this long after the session began; 0: never",
     duration<0, 365 * kDay, &S::state, &StateSettings::session_revive>, kAtStart},
    {G::kSessions, "MCP_SECRET", "--secret", {}, "SECRETS", "",
     "Comma list of secrets, each at least 24 characters: the first signs session ids, all are accepted. Replicas need the same. If not set, one is made and kept in MCP_STATE_DIR",
     with<parse_secrets, &S::state, &StateSettings::secrets>, kAtStart, Secret::kYes},
    {G::kSessions, "MCP_STATE_DIR", "--state-dir", {}, "PATH", "",
     "Folder for what outlives a restart; default: the state folder of systemd, else $XDG_STATE_HOME/mcp-sidecar, else ~/.local/state/mcp-sidecar",
     with<folder, &S::state, &StateSettings::folder>, kAtStart},
    {G::kSessions, "MCP_STATELESS", "--stateless", {}, "", "false",
     "Streamable HTTP: no client gets a session, for clients that go on after they have ended theirs",
     yes_or_no<&S::endpoints, &EndpointSettings::stateless>, kAtStart},

    {G::kRequests, "MCP_MAX_HEAD", "--max-head", {}, "SIZE", "16KB",
     "Largest request line and header fields together (431)",
     size<kKb, 16 * kMb, &S::http, &HttpLimits::head_bytes>, kAtStart},
    {G::kRequests, "MCP_MAX_BODY", "--max-body", {}, "SIZE", "10MB",
     "Largest request body (413)",
     size<kKb, 2 * kGb, &S::http, &HttpLimits::body_bytes>, kAtStart},
    {G::kRequests, "MCP_RECEIVE_TIMEOUT", "--receive-timeout", {}, "TIME", "30s",
     "Time to receive one whole request (408)",
     duration<100 * kMs, kHour, &S::http, &HttpLimits::receive_time>, kAtStart},
    {G::kRequests, "MCP_IDLE_CONNECTION", "--idle-connection", {}, "TIME", "2m",
     "A connection without a request is closed after this time",
     duration<100 * kMs, kDay, &S::http, &HttpLimits::idle_time>, kAtStart},
    {G::kRequests, "MCP_MAX_BUFFERED", "--max-buffered", {}, "SIZE", "256MB",
     "Memory for buffers of all connections and batches together (503), shared among the keys",
     size<64 * kKb, 1024 * kGb, &S::http, &HttpLimits::buffered_bytes>, kAtStart},
    {G::kRequests, "MCP_MAX_TCP_CONNECTIONS", "--max-tcp-connections", {}, "N", "16384",
     "TCP connections in total (503), shared among the keys",
     number<1, 1'000'000, &S::http, &HttpLimits::connections>, kAtStart},
    {G::kRequests, "MCP_MAX_TCP_CONNECTIONS_PER_IP", "--max-tcp-connections-per-ip", {}, "N", "1024",
     "TCP connections per address (503), shared among the keys",
     number<1, 1'000'000, &S::http, &HttpLimits::connections_per_address>, kAtStart},

    {G::kCalls, "MCP_MAX_CALLS_PER_SESSION", "--max-calls-per-session", {}, "N", "64",
     "Calls in flight per session (JSON-RPC error -32003)",
     number<1, 1'000'000, &S::calls, &CallLimits::calls_per_client>, kAtStart},
    {G::kCalls, "MCP_MAX_CALLS", "--max-calls", {}, "N", "4096",
     "Calls in flight in total (503)",
     number<1, 1'000'000, &S::calls, &CallLimits::calls>, kAtStart},
    {G::kCalls, "MCP_CALL_TIMEOUT", "--call-timeout", {}, "TIME", "5m",
     "A call without progress times out after this time",
     duration<100 * kMs, 7 * kDay, &S::calls, &CallLimits::call_timeout>, kAtStart},
    {G::kCalls, "MCP_CALL_TIMEOUT_TOTAL", "--call-timeout-total", {}, "TIME", "1h",
     "A call times out after this time, despite progress",
     duration<100 * kMs, 7 * kDay, &S::calls, &CallLimits::call_timeout_total>, kAtStart},
    {G::kCalls, "MCP_REST_TIMEOUT", "--rest-timeout", {}, "TIME", "30s",
     "A call over REST times out after this time (504)",
     duration<100 * kMs, 7 * kDay, &S::endpoints, &EndpointSettings::rest_timeout>, kAtStart},

    {G::kInstances, "MCP_SESSIONS", "--sessions", {}, "HOW", "auto",
     "Sessions that get a dedicated process of the wrapped server: auto (if the client declares sampling or elicitation), shared (none), isolated (all)",
     with<sharing, &S::instances, &InstanceSettings::sharing>, kAtStart},
    {G::kInstances, "MCP_INSTANCES", "--instances", {}, "N", "1",
     "Shared processes; each session stays with one",
     number<1, 1'000, &S::instances, &InstanceSettings::shared>, kAtStart},
    {G::kInstances, "MCP_MAX_INSTANCES", "--max-instances", {}, "N", "8",
     "Dedicated and warm processes together; beyond this limit sessions use shared processes",
     number<0, 10'000, &S::instances, &InstanceSettings::max_dedicated>, kAtStart},
    {G::kInstances, "MCP_MAX_INSTANCES_PER_OWNER", "--max-instances-per-owner", {}, "N", "4",
     "Dedicated processes for the sessions of one key",
     number<0, 10'000, &S::instances, &InstanceSettings::max_dedicated_per_owner>, kAtStart},
    {G::kInstances, "MCP_WARM_INSTANCES", "--warm", {}, "N", "0",
     "Processes started in advance for sessions that need a dedicated one",
     number<0, 1'000, &S::instances, &InstanceSettings::warm>, kAtStart},
    {G::kInstances, "MCP_ALLOW_CLIENT_ROOTS", "--allow-client-roots", {}, "", "false",
     "Pass a client's roots to its dedicated process; some servers replace their allowed folders by them",
     yes_or_no<&S::instances, &InstanceSettings::client_roots>, kAtStart},
    {G::kInstances, "MCP_RESTART_DRAIN", "--restart-drain", {}, "TIME", "30s",
     "Time for the calls of a process that POST /restart replaces",
     duration<0, kDay, &S::instances, &InstanceSettings::restart_drain>, kAtStart},

    {G::kChild, "MCP_HANDSHAKE_TIMEOUT", "--handshake-timeout", {}, "TIME", "5m",
     "Time for the wrapped server to answer initialize; otherwise its start has failed",
     duration<100 * kMs, kHour, &S::child, &ChildSettings::supervisor, &SupervisorSettings::handshake_timeout>, kAtStart},
    {G::kChild, "MCP_CHILD_LOG_LIMIT", "--child-log-limit", {}, "SIZE", "512KB",
     "Log that the stderr of one process may fill at once, and as much again each minute; what is left out is counted. 0: no limit",
     size<0, kGb, &S::child, &ChildSettings::supervisor, &SupervisorSettings::log_bytes>, kAtStart},
    {G::kChild, "MCP_MAX_LINE", "--max-line", {}, "SIZE", "64MB",
     "Longest message of the wrapped server",
     size<16 * kKb, kGb, &S::child, &ChildSettings::process, &ProcessSettings::max_line_bytes>, kAtStart},
    {G::kChild, "MCP_STDIN_QUEUE", "--stdin-queue", {}, "SIZE", "16MB",
     "Largest queue for the stdin of the wrapped server (503)",
     size<64 * kKb, 16 * kGb, &S::child, &ChildSettings::process, &ProcessSettings::stdin_queue_bytes>, kAtStart},
    {G::kChild, "MCP_WEDGED_AFTER", "--wedged-after", {}, "TIME", "1m",
     "A process with a call this old is sent a ping; without an answer it counts as wedged (/ready)",
     duration<kSecond, kDay, &S::calls, &CallLimits::wedged_after>, kAtStart},
    {G::kChild, "MCP_PROBE_TIMEOUT", "--probe-timeout", {}, "TIME", "10s",
     "Time to answer that ping",
     duration<100 * kMs, kHour, &S::calls, &CallLimits::probe_timeout>, kAtStart},
    {G::kChild, "MCP_RESTART_WEDGED", "--restart-wedged", {}, "", "false",
     "Restart a wedged process",
     yes_or_no<&S::calls, &CallLimits::restart_wedged>, kAtStart},
    {G::kChild, "MCP_STDIN_CLOSE_GRACE", "--stdin-close-grace", {}, "TIME", "1s",
     "Time to exit after stdin was closed, before SIGTERM",
     duration<0, kHour, &S::child, &ChildSettings::process, &ProcessSettings::kill_times, &KillTimes::stdin_close>, kAtStart},
    {G::kChild, "MCP_TERM_GRACE", "--term-grace", {}, "TIME", "2s",
     "Time to exit after SIGTERM, before SIGKILL",
     duration<0, kHour, &S::child, &ChildSettings::process, &ProcessSettings::kill_times, &KillTimes::term>, kAtStart},
    {G::kChild, "MCP_KEEP_DESCENDANTS", "--keep-descendants", {}, "", "false",
     "Leave processes running that the wrapped server started outside its process group, such as daemons; otherwise they end with the process that started them",
     yes_or_no<&S::child, &ChildSettings::keep_descendants>, kAtStart},
    {G::kChild, "MCP_RESTART_DELAY", "--restart-delay", {}, "TIME", "100ms",
     "Delay before the first restart; doubles with each failed start",
     duration<0, kHour, &S::child, &ChildSettings::supervisor, &SupervisorSettings::restart_delays, &RestartDelays::first>, kAtStart},
    {G::kChild, "MCP_RESTART_DELAY_MAX", "--restart-delay-max", {}, "TIME", "30s",
     "Longest delay between restarts",
     duration<0, kHour, &S::child, &ChildSettings::supervisor, &SupervisorSettings::restart_delays, &RestartDelays::longest>, kAtStart},

    {G::kShutdown, "MCP_DRAIN_TIMEOUT", "--drain-timeout", {}, "TIME", "4s",
     "Time for calls in flight to finish, before the wrapped server is ended",
     duration<0, kHour, &S::drain_timeout>, kOnReload},

    {G::kObserving, "LOG_LEVEL", "--log-level", {}, "LEVEL", "info",
     "trace, debug, info, warn, error or off",
     with<log_level, &S::log, &LogSettings::level>, kOnReload},
    {G::kObserving, "MCP_LOG_FORMAT", "--log-format", {}, "FORMAT", "auto",
     "text, json, or auto: text on a terminal, else json",
     with<log_form, &S::log, &LogSettings::form>, kAtStart},
    {G::kObserving, "MCP_DEBUG_REQUESTS", "--debug-requests", {"SDP_DEBUG_REQUESTS"}, "", "false",
     "Log request bodies, including arguments",
     yes_or_no<&S::log, &LogSettings::requests>, kOnReload},
    {G::kObserving, "MCP_DASHBOARD", "--dashboard", {}, "", "true",
     "Serve the dashboard: its pages (/, /docs, /assets) and their endpoints (/dashboard/events, /calls, /logs)",
     yes_or_no<&S::endpoints, &EndpointSettings::dashboard>, kAtStart},
    {G::kObserving, "MCP_ALLOW_DEBUGGER", "--allow-debugger", {}, "", "false",
     "Let every process of the same user, including the wrapped server, read the sidecar's memory, for gdb, perf and core files",
     yes_or_no<&S::allow_debugger>, kAtStart},

    {G::kAudit, "MCP_AUDIT_DB", "--audit-db", {}, "DATABASE", "off",
     "Record every call in a database: sqlite:PATH, postgresql://USER@HOST/DATABASE, on (sqlite:mcp-sidecar-audit.db) or off; SDP_USE_AUDIT_LOG=true with SDP_DB_HOST, _PORT, _NAME, _USER, _PASSWORD, _SSL has the same effect",
     with<parse_audit_address, &S::audit, &AuditSettings::address>, kAtStart, Secret::kYes},
    {G::kAudit, "MCP_AUDIT_ARGUMENTS", "--audit-arguments", {}, "HOW", "hash",
     "How arguments of tools and prompts are recorded: off, hash (HMAC-SHA256 of their bytes) or full (the first 64 KB; for refused calls the hash)",
     with<audit_arguments, &S::audit, &AuditSettings::arguments>, kAtStart},
    {G::kAudit, "MCP_AUDIT_HASH_KEY", "--audit-hash-key", {}, "KEY", "",
     "Key of that hash, at least 16 characters; if not set, one is generated and kept in the folder of the spool",
     with<audit_hash_key, &S::audit, &AuditSettings::hash_key>, kAtStart, Secret::kYes},
    {G::kAudit, "MCP_AUDIT_REQUIRED", "--audit-required", {}, "", "false",
     "Refuse calls that cannot be recorded (503, JSON-RPC error)",
     yes_or_no<&S::audit, &AuditSettings::required>, kAtStart},
    {G::kAudit, "MCP_AUDIT_SPOOL", "--audit-spool", {}, "PATH", "",
     "Folder for records that the database does not accept yet; default: PATH.spool for a SQLite file, otherwise mcp-sidecar-audit.spool",
     with<folder, &S::audit, &AuditSettings::folder>, kAtStart},
    {G::kAudit, "MCP_AUDIT_SPOOL_LIMIT", "--audit-spool-limit", {}, "SIZE", "256MB",
     "Records of one caller on disk that wait for the database; for all callers together a third more",
     size<kMb, 1024 * kGb, &S::audit, &AuditSettings::spool_bytes>, kAtStart},
    {G::kAudit, "MCP_AUDIT_QUEUE", "--audit-queue", {}, "SIZE", "64MB",
     "Records of one caller in memory that wait for the database or the spool; for all callers together a third more. Beyond this limit records are dropped, or calls are refused",
     size<kMb, 16 * kGb, &S::audit, &AuditSettings::queue_bytes>, kAtStart},
    {G::kAudit, "MCP_AUDIT_KEEP_DAYS", "--audit-keep-days", {}, "N", "90",
     "Records older than this number of days are deleted; off to keep all",
     with<days<36'500>, &S::audit, &AuditSettings::retention, &Retention::age>, kAtStart},
    {G::kAudit, "MCP_AUDIT_MAX_SIZE", "--audit-max-size", {}, "SIZE", "1GB",
     "Largest size of the database; beyond it the oldest records of the keys with the most records are deleted; off for no limit",
     with<size_or_off<kMb, 1024 * kGb>, &S::audit, &AuditSettings::retention, &Retention::bytes>, kAtStart},
};

// clang-format on

}  // namespace

std::string_view group_title(Group group) {
  switch (group) {
    case Group::kServer:
      return "The wrapped server";
    case Group::kListening:
      return "Listening";
    case Group::kAccess:
      return "Access";
    case Group::kRates:
      return "Rate limits";
    case Group::kSessions:
      return "Sessions and streams";
    case Group::kRequests:
      return "Requests and connections";
    case Group::kCalls:
      return "Calls";
    case Group::kInstances:
      return "Processes of the wrapped server";
    case Group::kChild:
      return "Each process of the wrapped server";
    case Group::kShutdown:
      return "Shutdown";
    case Group::kAudit:
      return "Audit log";
    case Group::kObserving:
      return "Logs and dashboard";
  }
  return "";
}

std::span<const Setting> settings_table() { return kSettings; }

}  // namespace sidecar::config
