#include "config/table.hpp"

#include <fmt/format.h>
#include <string>
#include <utility>

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

template <class Value, class Field>
Result<void> store(Result<Value> value, Field& field) {
  if (!value) return tl::unexpected(value.error());
  field = static_cast<Field>(*std::move(value));
  return {};
}

template <auto Field, std::int64_t Least, std::int64_t Most>
Result<void> duration(std::string_view, std::string_view text, Settings& out) {
  return store(parse_duration(text, Milliseconds(Least), Milliseconds(Most)), out.*Field);
}

template <auto Field, std::size_t Least, std::size_t Most>
Result<void> size(std::string_view, std::string_view text, Settings& out) {
  return store(parse_size(text, Least, Most), out.*Field);
}

template <auto Field, std::size_t Least, std::size_t Most>
Result<void> number(std::string_view, std::string_view text, Settings& out) {
  return store(parse_number(text, Least, Most), out.*Field);
}

template <auto Field>
Result<void> yes_or_no(std::string_view, std::string_view text, Settings& out) {
  return store(parse_switch(text), out.*Field);
}

template <auto Field, auto Parse>
Result<void> with(std::string_view, std::string_view text, Settings& out) {
  return store(Parse(text), out.*Field);
}

Result<void> port(std::string_view, std::string_view text, Settings& out) {
  const auto value = parse_number(text, 0, 65'535);
  if (!value) return fail("not a port number (0–65535)");
  out.port = static_cast<std::uint16_t>(*value);
  return {};
}

// The predecessor read MCP_API_KEY as one key: a comma or a colon in it is part of the key.
Result<void> keys(std::string_view name, std::string_view text, Settings& out) {
  return store(name == "MCP_API_KEY" ? parse_single_key(text) : parse_key_list(text), out.keys);
}

Result<void> admin_key(std::string_view, std::string_view text, Settings& out) {
  auto keys = parse_single_key(text);
  if (keys) keys->front().admin = true;
  return store(std::move(keys), out.admin_keys);
}

// The wrapped server reads LOG_LEVEL too, and its logger may use other words for the levels (npm's,
// pino's, Python's). The sidecar accepts them, so that it can start.
constexpr std::pair<std::string_view, std::string_view> kLevels[] = {
    {"trace", "trace"},   {"silly", "trace"},    {"all", "trace"},   {"debug", "debug"},
    {"verbose", "debug"}, {"info", "info"},      {"http", "info"},   {"notice", "info"},
    {"warn", "warn"},     {"warning", "warn"},   {"error", "error"}, {"err", "error"},
    {"fatal", "error"},   {"critical", "error"}, {"crit", "error"},  {"alert", "error"},
    {"emerg", "error"},   {"off", "off"},        {"silent", "off"},  {"none", "off"},
};

Result<void> log_level(std::string_view, std::string_view text, Settings& out) {
  const std::string word = lower_case(trimmed(text));
  for (const auto& [known, level] : kLevels) {
    if (word != known) continue;
    out.log_level = level;
    return {};
  }
  return fail("not a log level (trace, debug, info, warn, error, off)");
}

Result<void> log_format(std::string_view, std::string_view text, Settings& out) {
  const std::string word = lower_case(trimmed(text));
  if (word != "auto" && word != "text" && word != "json")
    return fail("not a log format (auto, text, json)");
  out.log_format = word;
  return {};
}

Result<void> message_path(std::string_view, std::string_view text, Settings& out) {
  const std::string_view path = trimmed(text);
  if (path != "/message" && path != "/messages")
    return fail("not a path for messages (/message, /messages)");
  out.message_path = path;
  return {};
}

Result<void> sessions(std::string_view, std::string_view text, Settings& out) {
  const std::string word = lower_case(trimmed(text));
  if (word != "auto" && word != "shared" && word != "isolated")
    return fail("not a way to place sessions (auto, shared, isolated)");
  out.sessions = word;
  return {};
}

// A number, or `off` for no limit.
template <auto Field, std::size_t Most>
Result<void> limit(std::string_view, std::string_view text, Settings& out) {
  const bool off = lower_case(trimmed(text)) == "off";
  return store(off ? Result<std::uint64_t>(0) : parse_number(text, 0, Most), out.*Field);
}

// Quotes that no shell removed: a pattern with them matches nothing, and would deny nothing.
bool quoted(std::string_view text) { return text.find_first_of("'\"") != std::string_view::npos; }

// A size, or `off` for no limit.
template <auto Field, std::size_t Least, std::size_t Most>
Result<void> size_limit(std::string_view, std::string_view text, Settings& out) {
  const bool off = lower_case(trimmed(text)) == "off" || trimmed(text) == "0";
  return store(off ? Result<std::size_t>(0) : parse_size(text, Least, Most), out.*Field);
}

Result<void> audit_arguments(std::string_view, std::string_view text, Settings& out) {
  const std::string word = lower_case(trimmed(text));
  if (word != "off" && word != "hash" && word != "full")
    return fail("not a way to keep arguments (off, hash, full)");
  out.audit_arguments = word;
  return {};
}

Result<void> audit_hash_key(std::string_view, std::string_view text, Settings& out) {
  constexpr std::size_t kMinLength = 16;
  if (trimmed(text).size() < kMinLength) return fail("too short for a key: 16 characters or more");
  out.audit_hash_key = trimmed(text);
  return {};
}

Result<void> audit_spool(std::string_view, std::string_view text, Settings& out) {
  if (quoted(text)) return fail("not a path: it is written without quotes");
  out.audit_spool = trimmed(text);
  return {};
}

Result<void> command(std::string_view, std::string_view text, Settings& out) {
  auto words = parse_words(text);
  if (words && (words->empty() || words->front().empty())) return fail("names no program");
  return store(std::move(words), out.command);
}

// Patterns of names, for all callers.
template <auto Part, auto List>
Result<void> patterns(std::string_view, std::string_view text, Settings& out) {
  std::vector<std::string> names;
  if (quoted(text)) return fail("not a comma list of patterns: they are written without quotes");
  for (const std::string_view item : list_items(text)) names.emplace_back(item);
  if (names.empty()) return fail("holds no pattern");
  out.permissions.*Part.*List = std::move(names);
  return {};
}

Result<void> read_only(std::string_view, std::string_view text, Settings& out) {
  return store(parse_switch(text), out.permissions.read_only);
}

Result<void> keys_file(std::string_view, std::string_view text, Settings& out) {
  if (quoted(text)) return fail("not a path: it is written without quotes");
  if (trimmed(text).empty()) return fail("names no file");
  out.keys_file = trimmed(text);
  return {};
}

using S = Settings;
using P = Permissions;
using N = NameRules;
using G = Group;

// clang-format off
constexpr Setting kSettings[] = {
    {G::kServer, "MCP_COMMAND", "--stdio", {}, "COMMAND", "",
     "Command line of the wrapped server, split into words as by a shell (quotes, backslashes); nothing is expanded and no shell runs. Alternatively, put the command after --",
     command},

    {G::kListening, "MCP_HOST", "--host", {"SDP_HTTP_HOST"}, "HOST", "127.0.0.1",
     "Address to listen on; 0.0.0.0 or :: for all addresses", with<&S::host, parse_host>},
    {G::kListening, "MCP_PORT", "--port", {"PORT", "SDP_HTTP_PORT"}, "PORT", "3001",
     "Port to listen on; 0 lets the system choose one", port},
    {G::kListening, "MCP_PUBLIC_URL", "--public-url", {}, "URL", "",
     "URL under which clients reach mcp-sidecar, including the path prefix that a proxy strips", with<&S::public_url, parse_public_url>, Secret::kInUrl},
    {G::kListening, "MCP_MESSAGE_PATH", "--message-path", {}, "PATH", "/message",
     "Path for messages in the endpoint event of SSE: /message or /messages (the default if any setting comes from an SDP_ variable)",
     message_path},

    {G::kAccess, "MCP_API_KEYS", "--api-keys", {"MCP_API_KEY", "SDP_API_KEYS"}, "KEYS", "",
     "Comma list of keys, each KEY, NAME:KEY or NAME:KEY:admin; without keys every client is accepted. MCP_API_KEY holds one key, which may contain commas and colons. A single key is an administrator's; of several only those marked :admin are",
     keys, Secret::kYes},
    {G::kAccess, "MCP_ADMIN_KEY", "--admin-key", {}, "KEY", "",
     "Key of an administrator, in addition to MCP_API_KEYS and the keys file; may contain commas and colons", admin_key, Secret::kYes},
    {G::kAccess, "MCP_KEYS_FILE", "--keys-file", {}, "PATH", "",
     "File of key hashes with expiry and permissions, made by mcp-sidecar keys; read again when it changes", keys_file},
    {G::kAccess, "MCP_ALLOW_QUERY_KEY", "--allow-query-key", {}, "", "false",
     "Also accept the key from ?api_key=, for clients that cannot send headers; URLs appear in the logs of proxies and servers",
     yes_or_no<&S::allow_query_key>},
    {G::kAccess, "MCP_JWT_ISSUER", "--jwt-issuer", {}, "URL", "",
     "Authorization server whose access tokens (OAuth 2.1, signed JWTs) are accepted in addition to keys; needs MCP_JWT_JWKS and MCP_PUBLIC_URL",
     with<&S::jwt_issuer, parse_issuer>, Secret::kInUrl},
    {G::kAccess, "MCP_JWT_JWKS", "--jwt-jwks", {}, "PLACE", "",
     "Public keys of the authorization server: an http(s) URL, fetched every 10 minutes and when a token names an unknown key, or a file, read again when it changes",
     with<&S::jwks, parse_key_source>, Secret::kInUrl},
    {G::kAccess, "MCP_JWT_AUDIENCE", "--jwt-audience", {}, "NAMES", "",
     "Comma list of accepted audiences (aud) of tokens; default: MCP_PUBLIC_URL, alone and with /mcp or /sse",
     with<&S::jwt_audiences, parse_audiences>, Secret::kInUrl},
    {G::kAccess, "MCP_JWT_SCOPES", "--jwt-scopes", {}, "SCOPES", "",
     "Comma list of scopes that every token needs (403)", with<&S::jwt_scopes, parse_scopes>},
    {G::kAccess, "MCP_ALLOWED_TOOLS", "--allowed-tools", {}, "PATTERNS", "",
     "Comma list of patterns such as get_*: the only tools that any client may see and call", patterns<&P::tools, &N::allow>},
    {G::kAccess, "MCP_DENIED_TOOLS", "--denied-tools", {}, "PATTERNS", "",
     "Comma list of patterns: tools that no client may see or call", patterns<&P::tools, &N::deny>},
    {G::kAccess, "MCP_ALLOWED_RESOURCES", "--allowed-resources", {}, "PATTERNS", "",
     "Comma list of patterns of URIs: the only resources that any client may see and read", patterns<&P::resources, &N::allow>},
    {G::kAccess, "MCP_DENIED_RESOURCES", "--denied-resources", {}, "PATTERNS", "",
     "Comma list of patterns of URIs: resources that no client may see or read", patterns<&P::resources, &N::deny>},
    {G::kAccess, "MCP_ALLOWED_PROMPTS", "--allowed-prompts", {}, "PATTERNS", "",
     "Comma list of patterns: the only prompts that any client may see and get", patterns<&P::prompts, &N::allow>},
    {G::kAccess, "MCP_DENIED_PROMPTS", "--denied-prompts", {}, "PATTERNS", "",
     "Comma list of patterns: prompts that no client may see or get", patterns<&P::prompts, &N::deny>},
    {G::kAccess, "MCP_READ_ONLY", "--read-only", {}, "", "false",
     "Allow only tools that the wrapped server annotates with readOnlyHint", read_only},
    {G::kAccess, "MCP_CORS_ORIGINS", "--cors-origins", {"SDP_CORS_ORIGIN"}, "ORIGINS", "auto",
     "Comma list of origins whose pages may call mcp-sidecar; * for all, none for no other origin; auto may be one of several, as in auto,https://a.example. auto: with keys or tokens, all; without, pages of this machine (localhost, loopback addresses), of MCP_PUBLIC_URL, and of mcp-sidecar itself under an address or a name of MCP_ALLOWED_HOSTS", with<&S::cors_origins, parse_origins>, Secret::kInUrl},
    {G::kAccess, "MCP_ALLOWED_HOSTS", "--allowed-hosts", {}, "HOSTS", "",
     "Comma list of host names, such as mcp.example.com or *.example.com, under which pages may reach mcp-sidecar, in addition to addresses, localhost and the host of MCP_PUBLIC_URL (403); * for all. If not set, names are checked only on loopback: for pages and, without keys, for every request",
     with<&S::allowed_hosts, parse_allowed_hosts>, Secret::kInUrl},
    {G::kAccess, "MCP_ALLOWED_IPS", "--allowed-ips", {"SDP_ALLOWED_IPS"}, "NETWORKS", "*",
     "Comma list of client addresses and networks that are accepted (403); * for all",
     with<&S::allowed_addresses, parse_allowed_addresses>},
    {G::kAccess, "MCP_TRUSTED_PROXIES", "--trusted-proxies", {}, "NETWORKS", "127.0.0.0/8,::1",
     "Comma list of addresses and networks of proxies whose X-Forwarded-For, Forwarded and X-Real-IP are used; or none",
     with<&S::trusted_proxies, parse_networks>},
    {G::kAccess, "MCP_OPEN_ADMIN", "--open-admin", {}, "", "false",
     "Without keys: every program of this machine is an administrator (dashboard, /calls, /logs, /metrics, POST /restart, DELETE /sessions), and so are the clients of a local proxy that does not report them. Otherwise administrators need the start token, which is logged at start",
     yes_or_no<&S::open_admin>},
    {G::kAccess, "MCP_PASS_SECRETS", "--pass-secrets", {}, "", "false",
     "Leave the sidecar's own secrets in the environment of the wrapped server", yes_or_no<&S::pass_secrets>},

    {G::kRates, "MCP_RATE_LIMIT_PER_MIN", "--rate-limit-per-min", {"SSE_RATE_LIMIT_PER_MIN"}, "RATE", "off",
     "Requests per session (429); without a session, per key and address together. 60 is 60 per minute, 100/15m is 100 in 15 minutes",
     with<&S::session_rate, parse_rate>, Secret::kNo, "60"},
    {G::kRates, "MCP_RATE_LIMIT_PER_KEY", "--rate-limit-per-key", {"SDP_RATE_LIMIT_PER_KEY"}, "RATE", "off",
     "Requests per key (429)", with<&S::key_rate, parse_rate>},
    {G::kRates, "MCP_RATE_LIMIT_PER_IP", "--rate-limit-per-ip", {}, "RATE", "off",
     "Requests per address (429); for IPv6, per network of 64 bits", with<&S::address_rate, parse_rate>},
    {G::kRates, "MCP_FAILED_KEYS_LIMIT", "--failed-keys-limit", {}, "RATE", "20",
     "Wrong keys per address that are answered with 401; further ones get 429. Valid keys always pass", with<&S::wrong_key_rate, parse_rate>},
    {G::kRates, "MCP_CHILD_RATE_LIMIT", "--child-rate-limit", {}, "RATE", "off",
     "Calls of all clients together to the wrapped server (429), e.g. 60/1m if the service behind it has such a limit",
     with<&S::child_rate, parse_rate>},

    {G::kSessions, "MCP_MAX_CONNECTIONS", "--max-connections", {"SSE_MAX_TOTAL_CONNECTIONS", "SDP_MAX_CONNECTIONS"}, "N", "1000",
     "Sessions in total, shared among the keys", number<&S::max_sessions, 1, 1'000'000>},
    {G::kSessions, "MCP_MAX_SESSIONS_PER_KEY", "--max-sessions-per-key", {}, "N", "off",
     "Open sessions per key (503); off or 0 for no limit", limit<&S::max_sessions_per_key, 1'000'000>},
    {G::kSessions, "MCP_MAX_CONNECTIONS_PER_IP", "--max-connections-per-ip", {"SSE_MAX_CONNECTIONS_PER_IP"}, "N", "off",
     "Open event streams per address (503); off or 0 for no limit", limit<&S::max_streams_per_ip, 1'000'000>, Secret::kNo, "10"},
    {G::kSessions, "MCP_SESSION_TIMEOUT", "--session-timeout", {"SSE_SESSION_TIMEOUT", "SDP_SESSION_TIMEOUT"}, "TIME", "30m",
     "A session without messages and calls ends after this time", duration<&S::session_timeout, kSecond, 30 * kDay>},
    {G::kSessions, "MCP_KEEPALIVE_INTERVAL", "--keepalive-interval", {"SSE_KEEPALIVE_INTERVAL"}, "TIME", "30s",
     "A silent event stream gets a comment after this time", duration<&S::keepalive_interval, 100 * kMs, kDay>},
    {G::kSessions, "MCP_STREAM_QUEUE", "--stream-queue", {}, "SIZE", "8MB",
     "Largest queue of one slow event stream, not counting the message being sent", size<&S::stream_queue_bytes, kKb, 16 * kGb>},
    {G::kSessions, "MCP_STREAM_STALL", "--stream-stall", {}, "TIME", "30s",
     "A stream whose client reads nothing for this time is closed", duration<&S::stream_stall, 100 * kMs, kDay>},
    {G::kSessions, "MCP_STREAM_AFTER", "--stream-after", {}, "TIME", "1s",
     "Streamable HTTP: a response that takes longer becomes an event stream", duration<&S::stream_after, 0, kHour>},

    {G::kRequests, "MCP_MAX_HEAD", "--max-head", {}, "SIZE", "16KB",
     "Largest request line and header fields together (431)", size<&S::max_head_bytes, kKb, 16 * kMb>},
    {G::kRequests, "MCP_MAX_BODY", "--max-body", {}, "SIZE", "10MB",
     "Largest request body (413)", size<&S::max_body_bytes, kKb, 2 * kGb>},
    {G::kRequests, "MCP_RECEIVE_TIMEOUT", "--receive-timeout", {}, "TIME", "30s",
     "Time to receive one whole request (408)", duration<&S::receive_timeout, 100 * kMs, kHour>},
    {G::kRequests, "MCP_IDLE_CONNECTION", "--idle-connection", {}, "TIME", "2m",
     "A connection without a request is closed after this time", duration<&S::idle_connection, 100 * kMs, kDay>},
    {G::kRequests, "MCP_MAX_BUFFERED", "--max-buffered", {}, "SIZE", "256MB",
     "Memory for buffers of all connections and batches together (503), shared among the keys", size<&S::max_buffered_bytes, 64 * kKb, 1024 * kGb>},
    {G::kRequests, "MCP_MAX_TCP_CONNECTIONS", "--max-tcp-connections", {}, "N", "16384",
     "TCP connections in total (503), shared among the keys", number<&S::max_tcp_connections, 1, 1'000'000>},
    {G::kRequests, "MCP_MAX_TCP_CONNECTIONS_PER_IP", "--max-tcp-connections-per-ip", {}, "N", "1024",
     "TCP connections per address (503), shared among the keys", number<&S::max_tcp_connections_per_ip, 1, 1'000'000>},

    {G::kCalls, "MCP_MAX_CALLS_PER_SESSION", "--max-calls-per-session", {}, "N", "64",
     "Calls in flight per session (JSON-RPC error -32003)", number<&S::max_calls_per_session, 1, 1'000'000>},
    {G::kCalls, "MCP_MAX_CALLS", "--max-calls", {}, "N", "4096",
     "Calls in flight in total (503)", number<&S::max_calls, 1, 1'000'000>},
    {G::kCalls, "MCP_CALL_TIMEOUT", "--call-timeout", {}, "TIME", "5m",
     "A call without progress times out after this time", duration<&S::call_timeout, 100 * kMs, 7 * kDay>},
    {G::kCalls, "MCP_CALL_TIMEOUT_TOTAL", "--call-timeout-total", {}, "TIME", "1h",
     "A call times out after this time, despite progress", duration<&S::call_timeout_total, 100 * kMs, 7 * kDay>},
    {G::kCalls, "MCP_REST_TIMEOUT", "--rest-timeout", {}, "TIME", "30s",
     "A call over REST times out after this time (504)", duration<&S::rest_timeout, 100 * kMs, 7 * kDay>},

    {G::kInstances, "MCP_SESSIONS", "--sessions", {}, "HOW", "auto",
     "Sessions that get a dedicated process of the wrapped server: auto (if the client declares sampling or elicitation), shared (none), isolated (all)",
     sessions},
    {G::kInstances, "MCP_INSTANCES", "--instances", {}, "N", "1",
     "Shared processes; each session stays with one", number<&S::instances, 1, 1'000>},
    {G::kInstances, "MCP_MAX_INSTANCES", "--max-instances", {}, "N", "8",
     "Dedicated and warm processes together; beyond this limit sessions use shared processes", number<&S::max_instances, 0, 10'000>},
    {G::kInstances, "MCP_MAX_INSTANCES_PER_OWNER", "--max-instances-per-owner", {}, "N", "4",
     "Dedicated processes for the sessions of one key", number<&S::max_instances_per_owner, 0, 10'000>},
    {G::kInstances, "MCP_WARM_INSTANCES", "--warm", {}, "N", "0",
     "Processes started in advance for sessions that need a dedicated one", number<&S::warm_instances, 0, 1'000>},
    {G::kInstances, "MCP_ALLOW_CLIENT_ROOTS", "--allow-client-roots", {}, "", "false",
     "Pass a client's roots to its dedicated process; some servers replace their allowed folders by them", yes_or_no<&S::allow_client_roots>},
    {G::kInstances, "MCP_RESTART_DRAIN", "--restart-drain", {}, "TIME", "30s",
     "Time for the calls of a process that POST /restart replaces", duration<&S::restart_drain, 0, kDay>},

    {G::kChild, "MCP_HANDSHAKE_TIMEOUT", "--handshake-timeout", {}, "TIME", "1m",
     "Time for the wrapped server to answer initialize; otherwise its start has failed", duration<&S::handshake_timeout, 100 * kMs, kHour>},
    {G::kChild, "MCP_MAX_LINE", "--max-line", {}, "SIZE", "64MB",
     "Longest message of the wrapped server", size<&S::max_line_bytes, 16 * kKb, kGb>},
    {G::kChild, "MCP_STDIN_QUEUE", "--stdin-queue", {}, "SIZE", "16MB",
     "Largest queue for the stdin of the wrapped server (503)", size<&S::stdin_queue_bytes, 64 * kKb, 16 * kGb>},
    {G::kChild, "MCP_WEDGED_AFTER", "--wedged-after", {}, "TIME", "1m",
     "A process with a call this old is sent a ping; without an answer it counts as wedged (/ready)", duration<&S::wedged_after, kSecond, kDay>},
    {G::kChild, "MCP_PROBE_TIMEOUT", "--probe-timeout", {}, "TIME", "10s",
     "Time to answer that ping", duration<&S::probe_timeout, 100 * kMs, kHour>},
    {G::kChild, "MCP_RESTART_WEDGED", "--restart-wedged", {}, "", "false",
     "Restart a wedged process", yes_or_no<&S::restart_wedged>},
    {G::kChild, "MCP_STDIN_CLOSE_GRACE", "--stdin-close-grace", {}, "TIME", "1s",
     "Time to exit after stdin was closed, before SIGTERM", duration<&S::stdin_close_grace, 0, kHour>},
    {G::kChild, "MCP_TERM_GRACE", "--term-grace", {}, "TIME", "2s",
     "Time to exit after SIGTERM, before SIGKILL", duration<&S::term_grace, 0, kHour>},
    {G::kChild, "MCP_RESTART_DELAY", "--restart-delay", {}, "TIME", "100ms",
     "Delay before the first restart; doubles with each failed start", duration<&S::restart_delay, 0, kHour>},
    {G::kChild, "MCP_RESTART_DELAY_MAX", "--restart-delay-max", {}, "TIME", "30s",
     "Longest delay between restarts", duration<&S::restart_delay_max, 0, kHour>},

    {G::kShutdown, "MCP_DRAIN_TIMEOUT", "--drain-timeout", {}, "TIME", "4s",
     "Time for calls in flight to finish, before the wrapped server is ended", duration<&S::drain_timeout, 0, kHour>},

    {G::kObserving, "LOG_LEVEL", "--log-level", {}, "LEVEL", "info",
     "trace, debug, info, warn, error or off", log_level},
    {G::kObserving, "MCP_LOG_FORMAT", "--log-format", {}, "FORMAT", "auto",
     "text, json, or auto: text on a terminal, else json", log_format},
    {G::kObserving, "MCP_DEBUG_REQUESTS", "--debug-requests", {"SDP_DEBUG_REQUESTS"}, "", "false",
     "Log request bodies, including arguments", yes_or_no<&S::debug_requests>},
    {G::kObserving, "MCP_DASHBOARD", "--dashboard", {}, "", "true",
     "Serve the dashboard: its pages (/, /docs, /assets) and their endpoints (/dashboard/events, /calls, /logs)", yes_or_no<&S::dashboard>},
    {G::kObserving, "MCP_ALLOW_DEBUGGER", "--allow-debugger", {}, "", "false",
     "Let every process of the same user, including the wrapped server, read the sidecar's memory, for gdb, perf and core files",
     yes_or_no<&S::allow_debugger>},

    {G::kAudit, "MCP_AUDIT_DB", "--audit-db", {}, "DATABASE", "off",
     "Record every call in a database: sqlite:PATH, postgresql://USER@HOST/DATABASE, on (sqlite:mcp-sidecar-audit.db) or off; SDP_USE_AUDIT_LOG=true with SDP_DB_HOST, _PORT, _NAME, _USER, _PASSWORD, _SSL has the same effect",
     with<&S::audit_db, parse_audit_address>, Secret::kYes},
    {G::kAudit, "MCP_AUDIT_ARGUMENTS", "--audit-arguments", {}, "HOW", "hash",
     "How arguments of tools and prompts are recorded: off, hash (HMAC-SHA256 of their bytes) or full (the first 64 KB; for refused calls the hash)", audit_arguments},
    {G::kAudit, "MCP_AUDIT_HASH_KEY", "--audit-hash-key", {}, "KEY", "",
     "Key of that hash, at least 16 characters; if not set, one is generated and kept in the folder of the spool", audit_hash_key, Secret::kYes},
    {G::kAudit, "MCP_AUDIT_REQUIRED", "--audit-required", {}, "", "false",
     "Refuse calls that cannot be recorded (503, JSON-RPC error)", yes_or_no<&S::audit_required>},
    {G::kAudit, "MCP_AUDIT_SPOOL", "--audit-spool", {}, "PATH", "",
     "Folder for records that the database does not accept yet; default: PATH.spool for a SQLite file, otherwise mcp-sidecar-audit.spool", audit_spool},
    {G::kAudit, "MCP_AUDIT_SPOOL_LIMIT", "--audit-spool-limit", {}, "SIZE", "256MB",
     "Records of one caller on disk that wait for the database; for all callers together a third more", size<&S::audit_spool_bytes, kMb, 1024 * kGb>},
    {G::kAudit, "MCP_AUDIT_QUEUE", "--audit-queue", {}, "SIZE", "64MB",
     "Records of one caller in memory that wait for the database or the spool; for all callers together a third more. Beyond this limit records are dropped, or calls are refused", size<&S::audit_queue_bytes, kMb, 16 * kGb>},
    {G::kAudit, "MCP_AUDIT_KEEP_DAYS", "--audit-keep-days", {}, "N", "90",
     "Records older than this number of days are deleted; off to keep all", limit<&S::audit_keep_days, 36'500>},
    {G::kAudit, "MCP_AUDIT_MAX_SIZE", "--audit-max-size", {}, "SIZE", "1GB",
     "Largest size of the database; beyond it the oldest records of the keys with the most records are deleted; off for no limit", size_limit<&S::audit_max_bytes, kMb, 1024 * kGb>},
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
