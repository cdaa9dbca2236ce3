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
     "Command line of the wrapped server, split into words as a shell does (quotes, backslashes) but with nothing expanded and no shell; or put it after --",
     command},

    {G::kListening, "MCP_HOST", "--host", {"SDP_HTTP_HOST"}, "HOST", "127.0.0.1",
     "Address to listen on; 0.0.0.0 or :: for every one", with<&S::host, parse_host>},
    {G::kListening, "MCP_PORT", "--port", {"PORT", "SDP_HTTP_PORT"}, "PORT", "3001",
     "Port to listen on; 0 lets the system choose one", port},
    {G::kListening, "MCP_PUBLIC_URL", "--public-url", {}, "URL", "",
     "URL under which clients reach it, with the path prefix that a proxy strips", with<&S::public_url, parse_public_url>, Secret::kInUrl},
    {G::kListening, "MCP_MESSAGE_PATH", "--message-path", {}, "PATH", "/message",
     "Path that SSE clients are told to post to, /message or /messages (the default where a setting comes from an SDP_ variable)",
     message_path},

    {G::kAccess, "MCP_API_KEYS", "--api-keys", {"MCP_API_KEY", "SDP_API_KEYS"}, "KEYS", "",
     "Comma list of keys, each KEY, NAME:KEY or NAME:KEY:admin; none leaves the server open (MCP_API_KEY is one key, taken whole). A single key is an administrator's; of several only those that are marked so",
     keys, Secret::kYes},
    {G::kAccess, "MCP_ADMIN_KEY", "--admin-key", {}, "KEY", "",
     "An administrator's key, taken whole, beside those of MCP_API_KEYS and of a keys file", admin_key, Secret::kYes},
    {G::kAccess, "MCP_KEYS_FILE", "--keys-file", {}, "PATH", "",
     "Keys with hashes, expiry and permissions, made by mcp-sidecar keys; read again when it changes", keys_file},
    {G::kAccess, "MCP_ALLOW_QUERY_KEY", "--allow-query-key", {}, "", "false",
     "Take the key from ?api_key= too, for clients that can send no header; URLs end up in the logs of others",
     yes_or_no<&S::allow_query_key>},
    {G::kAccess, "MCP_JWT_ISSUER", "--jwt-issuer", {}, "URL", "",
     "Accept access tokens (OAuth 2.1, signed JWTs) of this authorization server, beside keys; needs MCP_JWT_JWKS and MCP_PUBLIC_URL",
     with<&S::jwt_issuer, parse_issuer>, Secret::kInUrl},
    {G::kAccess, "MCP_JWT_JWKS", "--jwt-jwks", {}, "PLACE", "",
     "Its public keys: an http(s) URL, read again every 10 minutes and for a new key, or a file, read again when it changes",
     with<&S::jwks, parse_key_source>, Secret::kInUrl},
    {G::kAccess, "MCP_JWT_AUDIENCE", "--jwt-audience", {}, "NAMES", "",
     "Comma list of what a token may be meant for (aud); default: MCP_PUBLIC_URL, alone and with /mcp or /sse",
     with<&S::jwt_audiences, parse_audiences>, Secret::kInUrl},
    {G::kAccess, "MCP_JWT_SCOPES", "--jwt-scopes", {}, "SCOPES", "",
     "Comma list of scopes that each token needs (403)", with<&S::jwt_scopes, parse_scopes>},
    {G::kAccess, "MCP_ALLOWED_TOOLS", "--allowed-tools", {}, "PATTERNS", "",
     "Comma list of patterns such as get_*: the tools that may be seen and called, by anybody", patterns<&P::tools, &N::allow>},
    {G::kAccess, "MCP_DENIED_TOOLS", "--denied-tools", {}, "PATTERNS", "",
     "The tools that nobody may see or call", patterns<&P::tools, &N::deny>},
    {G::kAccess, "MCP_ALLOWED_RESOURCES", "--allowed-resources", {}, "PATTERNS", "",
     "The same for resources, by URI", patterns<&P::resources, &N::allow>},
    {G::kAccess, "MCP_DENIED_RESOURCES", "--denied-resources", {}, "PATTERNS", "",
     "The same for resources, by URI", patterns<&P::resources, &N::deny>},
    {G::kAccess, "MCP_ALLOWED_PROMPTS", "--allowed-prompts", {}, "PATTERNS", "",
     "The same for prompts", patterns<&P::prompts, &N::allow>},
    {G::kAccess, "MCP_DENIED_PROMPTS", "--denied-prompts", {}, "PATTERNS", "",
     "The same for prompts", patterns<&P::prompts, &N::deny>},
    {G::kAccess, "MCP_READ_ONLY", "--read-only", {}, "", "false",
     "Only tools that the wrapped server annotates with readOnlyHint may be seen and called", read_only},
    {G::kAccess, "MCP_CORS_ORIGINS", "--cors-origins", {"SDP_CORS_ORIGIN"}, "ORIGINS", "auto",
     "Comma list of origins whose pages may call it; * for any, none for no other; auto may stand in the list, as in auto,https://a.example. auto: with keys or tokens any; without them pages of this machine (localhost, loopback addresses), of MCP_PUBLIC_URL, and its own under an address or a name of MCP_ALLOWED_HOSTS", with<&S::cors_origins, parse_origins>, Secret::kInUrl},
    {G::kAccess, "MCP_ALLOWED_HOSTS", "--allowed-hosts", {}, "HOSTS", "",
     "Comma list of names, such as mcp.example.com or *.example.com, under which pages may reach it, besides addresses, localhost and that of MCP_PUBLIC_URL (403); * for any. Without it names are checked on loopback only: of pages, and without keys of every request",
     with<&S::allowed_hosts, parse_allowed_hosts>, Secret::kInUrl},
    {G::kAccess, "MCP_ALLOWED_IPS", "--allowed-ips", {"SDP_ALLOWED_IPS"}, "NETWORKS", "*",
     "Comma list of client addresses and networks that may come in (403); * for every address",
     with<&S::allowed_addresses, parse_allowed_addresses>},
    {G::kAccess, "MCP_TRUSTED_PROXIES", "--trusted-proxies", {}, "NETWORKS", "127.0.0.0/8,::1",
     "Comma list of addresses and networks whose X-Forwarded-For, Forwarded and X-Real-IP are believed; or none",
     with<&S::trusted_proxies, parse_networks>},
    {G::kAccess, "MCP_OPEN_ADMIN", "--open-admin", {}, "", "false",
     "Without keys: every program of this machine may administrate (dashboard, /calls, /logs, /metrics, POST /restart, DELETE /sessions), and so may clients of a proxy on it that does not name them. Else the start token is needed, which the log shows at start",
     yes_or_no<&S::open_admin>},
    {G::kAccess, "MCP_PASS_SECRETS", "--pass-secrets", {}, "", "false",
     "Leave the sidecar's own keys in the wrapped server's environment", yes_or_no<&S::pass_secrets>},

    {G::kRates, "MCP_RATE_LIMIT_PER_MIN", "--rate-limit-per-min", {"SSE_RATE_LIMIT_PER_MIN"}, "RATE", "off",
     "Requests of one session (429), and of one key and address together where there is none: 60 is 60 a minute, 100/15m 100 in 15 minutes",
     with<&S::session_rate, parse_rate>, Secret::kNo, "60"},
    {G::kRates, "MCP_RATE_LIMIT_PER_KEY", "--rate-limit-per-key", {"SDP_RATE_LIMIT_PER_KEY"}, "RATE", "off",
     "Requests of one key (429)", with<&S::key_rate, parse_rate>},
    {G::kRates, "MCP_RATE_LIMIT_PER_IP", "--rate-limit-per-ip", {}, "RATE", "off",
     "Requests of one address (429); of IPv6, of one network of 64 bits", with<&S::address_rate, parse_rate>},
    {G::kRates, "MCP_FAILED_KEYS_LIMIT", "--failed-keys-limit", {}, "RATE", "20",
     "Wrong keys of one address that are answered 401; more get 429. A right key always passes", with<&S::wrong_key_rate, parse_rate>},
    {G::kRates, "MCP_CHILD_RATE_LIMIT", "--child-rate-limit", {}, "RATE", "off",
     "Calls of all clients together that reach the wrapped server (429), e.g. 60/1m for one whose own service has such a limit",
     with<&S::child_rate, parse_rate>},

    {G::kSessions, "MCP_MAX_CONNECTIONS", "--max-connections", {"SSE_MAX_TOTAL_CONNECTIONS", "SDP_MAX_CONNECTIONS"}, "N", "1000",
     "Sessions in all; keys share them", number<&S::max_sessions, 1, 1'000'000>},
    {G::kSessions, "MCP_MAX_SESSIONS_PER_KEY", "--max-sessions-per-key", {}, "N", "off",
     "Sessions that one key may have open (503); off or 0 for any number", limit<&S::max_sessions_per_key, 1'000'000>},
    {G::kSessions, "MCP_MAX_CONNECTIONS_PER_IP", "--max-connections-per-ip", {"SSE_MAX_CONNECTIONS_PER_IP"}, "N", "off",
     "Event streams that one address may have open (503); off or 0 for any number", limit<&S::max_streams_per_ip, 1'000'000>, Secret::kNo, "10"},
    {G::kSessions, "MCP_SESSION_TIMEOUT", "--session-timeout", {"SSE_SESSION_TIMEOUT", "SDP_SESSION_TIMEOUT"}, "TIME", "30m",
     "A session without messages and calls ends after this", duration<&S::session_timeout, kSecond, 30 * kDay>},
    {G::kSessions, "MCP_KEEPALIVE_INTERVAL", "--keepalive-interval", {"SSE_KEEPALIVE_INTERVAL"}, "TIME", "30s",
     "Comment on an event stream that is silent for this long", duration<&S::keepalive_interval, 100 * kMs, kDay>},
    {G::kSessions, "MCP_STREAM_QUEUE", "--stream-queue", {}, "SIZE", "8MB",
     "What may wait for one slow event stream behind the message being sent", size<&S::stream_queue_bytes, kKb, 16 * kGb>},
    {G::kSessions, "MCP_STREAM_STALL", "--stream-stall", {}, "TIME", "30s",
     "A stream whose client takes no byte for this long ends", duration<&S::stream_stall, 100 * kMs, kDay>},
    {G::kSessions, "MCP_STREAM_AFTER", "--stream-after", {}, "TIME", "1s",
     "Streamable HTTP: an answer that takes longer than this becomes an event stream", duration<&S::stream_after, 0, kHour>},

    {G::kRequests, "MCP_MAX_HEAD", "--max-head", {}, "SIZE", "16KB",
     "Largest request line and header fields (431)", size<&S::max_head_bytes, kKb, 16 * kMb>},
    {G::kRequests, "MCP_MAX_BODY", "--max-body", {}, "SIZE", "10MB",
     "Largest request body (413)", size<&S::max_body_bytes, kKb, 2 * kGb>},
    {G::kRequests, "MCP_RECEIVE_TIMEOUT", "--receive-timeout", {}, "TIME", "30s",
     "To receive one whole request (408)", duration<&S::receive_timeout, 100 * kMs, kHour>},
    {G::kRequests, "MCP_IDLE_CONNECTION", "--idle-connection", {}, "TIME", "2m",
     "A connection without a request is closed after this", duration<&S::idle_connection, 100 * kMs, kDay>},
    {G::kRequests, "MCP_MAX_BUFFERED", "--max-buffered", {}, "SIZE", "256MB",
     "All that is buffered for all connections and batches together (503); keys share it", size<&S::max_buffered_bytes, 64 * kKb, 1024 * kGb>},
    {G::kRequests, "MCP_MAX_TCP_CONNECTIONS", "--max-tcp-connections", {}, "N", "16384",
     "TCP connections in all (503); keys share them", number<&S::max_tcp_connections, 1, 1'000'000>},
    {G::kRequests, "MCP_MAX_TCP_CONNECTIONS_PER_IP", "--max-tcp-connections-per-ip", {}, "N", "1024",
     "TCP connections of one address (503); keys share them", number<&S::max_tcp_connections_per_ip, 1, 1'000'000>},

    {G::kCalls, "MCP_MAX_CALLS_PER_SESSION", "--max-calls-per-session", {}, "N", "64",
     "Calls in flight of one session (JSON-RPC error -32003)", number<&S::max_calls_per_session, 1, 1'000'000>},
    {G::kCalls, "MCP_MAX_CALLS", "--max-calls", {}, "N", "4096",
     "Calls in flight in all (503)", number<&S::max_calls, 1, 1'000'000>},
    {G::kCalls, "MCP_CALL_TIMEOUT", "--call-timeout", {}, "TIME", "5m",
     "A call without progress is given up after this", duration<&S::call_timeout, 100 * kMs, 7 * kDay>},
    {G::kCalls, "MCP_CALL_TIMEOUT_TOTAL", "--call-timeout-total", {}, "TIME", "1h",
     "The same with all its progress", duration<&S::call_timeout_total, 100 * kMs, 7 * kDay>},
    {G::kCalls, "MCP_REST_TIMEOUT", "--rest-timeout", {}, "TIME", "30s",
     "The same for a call over REST (504)", duration<&S::rest_timeout, 100 * kMs, 7 * kDay>},

    {G::kInstances, "MCP_SESSIONS", "--sessions", {}, "HOW", "auto",
     "Who gets a process of the wrapped server of its own: auto (clients that declare sampling or elicitation), shared (nobody), isolated (everybody)",
     sessions},
    {G::kInstances, "MCP_INSTANCES", "--instances", {}, "N", "1",
     "Processes that sessions share; each session stays with one", number<&S::instances, 1, 1'000>},
    {G::kInstances, "MCP_MAX_INSTANCES", "--max-instances", {}, "N", "8",
     "Own and warm processes together; beyond it sessions share", number<&S::max_instances, 0, 10'000>},
    {G::kInstances, "MCP_MAX_INSTANCES_PER_OWNER", "--max-instances-per-owner", {}, "N", "4",
     "Own processes for sessions of one key", number<&S::max_instances_per_owner, 0, 10'000>},
    {G::kInstances, "MCP_WARM_INSTANCES", "--warm", {}, "N", "0",
     "Processes started ahead for sessions that will need their own", number<&S::warm_instances, 0, 1'000>},
    {G::kInstances, "MCP_ALLOW_CLIENT_ROOTS", "--allow-client-roots", {}, "", "false",
     "Let a client's roots reach its own process; some servers let them replace their allowed folders", yes_or_no<&S::allow_client_roots>},
    {G::kInstances, "MCP_RESTART_DRAIN", "--restart-drain", {}, "TIME", "30s",
     "For the calls of a process that POST /restart replaces", duration<&S::restart_drain, 0, kDay>},

    {G::kChild, "MCP_HANDSHAKE_TIMEOUT", "--handshake-timeout", {}, "TIME", "1m",
     "The wrapped server answers initialize within this, or its start has failed", duration<&S::handshake_timeout, 100 * kMs, kHour>},
    {G::kChild, "MCP_MAX_LINE", "--max-line", {}, "SIZE", "64MB",
     "Longest message of the wrapped server", size<&S::max_line_bytes, 16 * kKb, kGb>},
    {G::kChild, "MCP_STDIN_QUEUE", "--stdin-queue", {}, "SIZE", "16MB",
     "What may wait for the wrapped server's stdin (503)", size<&S::stdin_queue_bytes, 64 * kKb, 16 * kGb>},
    {G::kChild, "MCP_WEDGED_AFTER", "--wedged-after", {}, "TIME", "1m",
     "A process with a call this old is asked for a sign of life; without one it counts as wedged (/ready)", duration<&S::wedged_after, kSecond, kDay>},
    {G::kChild, "MCP_PROBE_TIMEOUT", "--probe-timeout", {}, "TIME", "10s",
     "For that sign of life, an answer to a ping", duration<&S::probe_timeout, 100 * kMs, kHour>},
    {G::kChild, "MCP_RESTART_WEDGED", "--restart-wedged", {}, "", "false",
     "Restart a wedged process", yes_or_no<&S::restart_wedged>},
    {G::kChild, "MCP_STDIN_CLOSE_GRACE", "--stdin-close-grace", {}, "TIME", "1s",
     "To end by itself once its stdin is closed, before SIGTERM", duration<&S::stdin_close_grace, 0, kHour>},
    {G::kChild, "MCP_TERM_GRACE", "--term-grace", {}, "TIME", "2s",
     "To end after SIGTERM, before SIGKILL", duration<&S::term_grace, 0, kHour>},
    {G::kChild, "MCP_RESTART_DELAY", "--restart-delay", {}, "TIME", "100ms",
     "Before the first restart; doubles with each start that fails", duration<&S::restart_delay, 0, kHour>},
    {G::kChild, "MCP_RESTART_DELAY_MAX", "--restart-delay-max", {}, "TIME", "30s",
     "The longest wait between restarts", duration<&S::restart_delay_max, 0, kHour>},

    {G::kShutdown, "MCP_DRAIN_TIMEOUT", "--drain-timeout", {}, "TIME", "4s",
     "For calls in flight to finish, before the wrapped server is ended", duration<&S::drain_timeout, 0, kHour>},

    {G::kObserving, "LOG_LEVEL", "--log-level", {}, "LEVEL", "info",
     "trace, debug, info, warn, error or off", log_level},
    {G::kObserving, "MCP_LOG_FORMAT", "--log-format", {}, "FORMAT", "auto",
     "text, json, or auto: text on a terminal, else json", log_format},
    {G::kObserving, "MCP_DEBUG_REQUESTS", "--debug-requests", {"SDP_DEBUG_REQUESTS"}, "", "false",
     "Log request bodies, arguments included", yes_or_no<&S::debug_requests>},
    {G::kObserving, "MCP_DASHBOARD", "--dashboard", {}, "", "true",
     "The dashboard: its pages (/, /docs, /assets) and what they ask for (/dashboard/events, /calls, /logs)", yes_or_no<&S::dashboard>},
    {G::kObserving, "MCP_ALLOW_DEBUGGER", "--allow-debugger", {}, "", "false",
     "Let every process of the same user, the wrapped server too, read the sidecar's memory: for gdb, perf and core files",
     yes_or_no<&S::allow_debugger>},

    {G::kAudit, "MCP_AUDIT_DB", "--audit-db", {}, "DATABASE", "off",
     "A record of every call: sqlite:PATH, postgresql://USER@HOST/DATABASE, on (sqlite:mcp-sidecar-audit.db) or off; SDP_USE_AUDIT_LOG=true with SDP_DB_HOST, _PORT, _NAME, _USER, _PASSWORD, _SSL means the same",
     with<&S::audit_db, parse_audit_address>, Secret::kYes},
    {G::kAudit, "MCP_AUDIT_ARGUMENTS", "--audit-arguments", {}, "HOW", "hash",
     "Arguments of tools and prompts: off, hash (HMAC-SHA256 of them as they came) or full (the first 64 KB; of refused calls the hash)", audit_arguments},
    {G::kAudit, "MCP_AUDIT_HASH_KEY", "--audit-hash-key", {}, "KEY", "",
     "Key of that hash, 16 characters or more; one is made and kept in the spool's folder when there is none", audit_hash_key, Secret::kYes},
    {G::kAudit, "MCP_AUDIT_REQUIRED", "--audit-required", {}, "", "false",
     "Refuse calls (503, JSON-RPC error) that could not be recorded", yes_or_no<&S::audit_required>},
    {G::kAudit, "MCP_AUDIT_SPOOL", "--audit-spool", {}, "PATH", "",
     "Folder for records that the database does not take yet; default PATH.spool of the SQLite file, else mcp-sidecar-audit.spool", audit_spool},
    {G::kAudit, "MCP_AUDIT_SPOOL_LIMIT", "--audit-spool-limit", {}, "SIZE", "256MB",
     "Records on disk that wait for the database, of one caller; of all together a third more", size<&S::audit_spool_bytes, kMb, 1024 * kGb>},
    {G::kAudit, "MCP_AUDIT_QUEUE", "--audit-queue", {}, "SIZE", "64MB",
     "Records in memory that wait for either, of one caller; of all together a third more; beyond it they are dropped, or calls refused", size<&S::audit_queue_bytes, kMb, 16 * kGb>},
    {G::kAudit, "MCP_AUDIT_KEEP_DAYS", "--audit-keep-days", {}, "N", "90",
     "Older records are deleted; off for none", limit<&S::audit_keep_days, 36'500>},
    {G::kAudit, "MCP_AUDIT_MAX_SIZE", "--audit-max-size", {}, "SIZE", "1GB",
     "The oldest records of the keys that have the most are deleted when the database holds more; off for any size", size_limit<&S::audit_max_bytes, kMb, 1024 * kGb>},
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
      return "Who may";
    case Group::kRates:
      return "How often";
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
      return "Observing";
  }
  return "";
}

std::span<const Setting> settings_table() { return kSettings; }

}  // namespace sidecar::config
