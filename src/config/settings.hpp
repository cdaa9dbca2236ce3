// Settings: the values that the program runs with, merged from flags, environment, `.env` and
// defaults. Plain data, filled by the rows of config/table.cpp. Sizes in bytes.
//
// Each part belongs to one place of the program, which takes it as it is or as the base of its own
// options: a setting is written here when it is read, and copied once, to where it acts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "auth/permissions.hpp"
#include "util/timers.hpp"
#include "util/token_bucket.hpp"

namespace sidecar::config {

using Milliseconds = std::chrono::milliseconds;

struct Key {
  std::string name;  // as in `name:key`; else the first 8 hex characters of the key's SHA-256
  std::string secret;
  bool admin = false;  // marked as an administrator's

  bool operator==(const Key&) const = default;
};

struct ListenSettings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 3001;
  std::string public_url;  // e.g. https://mcp.example.com/prefix; may be empty

  bool operator==(const ListenSettings&) const = default;
};

// access::Rates. A rate of 0: no limit.
struct Rates {
  Rate session{};  // without a session: per key and address together
  Rate key{};
  Rate address{};
  Rate wrong_keys{};  // per address; valid keys are never delayed

  bool operator==(const Rates&) const = default;
};

struct AccessSettings {
  std::vector<Key> keys;        // none, and no keys file: open
  std::vector<Key> admin_keys;  // MCP_ADMIN_KEY: one at most
  std::string keys_file;        // see access/keys_file.hpp; empty: none
  bool allow_query_key = false;
  std::string jwt_issuer;                  // accept its access tokens; empty: no tokens
  std::string jwks;                        // the issuer's keys: path or http(s) URL
  std::vector<std::string> jwt_audiences;  // empty: the public URL and its endpoints
  std::vector<std::string> jwt_scopes;     // required of each token
  auth::Permissions permissions;           // of all callers
  std::vector<std::string> cors_origins = {"auto"};
  std::vector<std::string> allowed_hosts;  // accepted in Host, besides the host of the public URL
  std::vector<std::string> allowed_addresses = {"*"};
  std::vector<std::string> trusted_proxies = {"127.0.0.0/8", "::1"};
  bool open_admin = false;  // without keys: programs of this machine are administrators
  Rates rates{{}, {}, {}, {20, Milliseconds(60'000)}};

  // True if callers need a key or a token.
  bool needs_key() const {
    return !keys.empty() || !admin_keys.empty() || !keys_file.empty() || !jwt_issuer.empty();
  }
  bool operator==(const AccessSettings&) const = default;
};

// session::TableLimits
struct SessionLimits {
  std::size_t sessions = 1000;
  Milliseconds idle{1'800'000};
  std::size_t sessions_per_owner = 0;   // of callers with a key; 0: any number
  std::size_t streams_per_address = 0;  // opened by GET (session::StreamLimit); 0: any number

  bool operator==(const SessionLimits&) const = default;
};

// http::SseLimits
struct StreamLimits {
  Milliseconds keep_alive{15'000};    // a comment after this time without output; 0: never
  std::size_t queue_limit = 8 << 20;  // behind the message that is being sent
  Milliseconds stall_limit{30'000};   // without a byte that the client takes

  bool operator==(const StreamLimits&) const = default;
};

struct EndpointSettings {
  std::string message_path = "/message";  // in the endpoint event: /message or /messages
  Milliseconds stream_after{1'000};  // Streamable HTTP: a longer response becomes an event stream
  bool stateless = false;            // Streamable HTTP: no client gets a session
  Milliseconds rest_timeout{30'000};
  bool dashboard = true;  // its pages and their endpoints

  bool operator==(const EndpointSettings&) const = default;
};

// http::Limits
struct HttpLimits {
  std::size_t head_bytes = 16 << 10;  // 431 beyond; a target beyond half of it: 414
  std::size_t body_bytes = 10 << 20;  // 413 beyond
  // From the first byte of a request to its last; beyond it 408, then closed.
  Milliseconds receive_time{30'000};
  // A keep-alive connection without a request is closed after it.
  Milliseconds idle_time{120'000};
  std::size_t buffered_bytes = 256 << 20;  // of all connections and batches (http::Budget)
  // Shared by known clients; an eighth more for newcomers: see http/connection_group.hpp.
  std::size_t connections = 16'384;
  std::size_t connections_per_address = 1'024;  // shared in the same way

  bool operator==(const HttpLimits&) const = default;
};

// mux::Limits
struct CallLimits {
  // Includes withdrawn calls, for call_timeout. Beyond: kBusy.
  std::size_t calls_per_client = 64;
  // Shared by owners (mux::Owners). Beyond: kUnavailable, or kBusy for an owner that exceeds its
  // share while other owners hold some.
  std::size_t calls = 4096;
  // Progress restarts it, up to call_timeout_total.
  Clock::duration call_timeout = std::chrono::minutes(5);
  Clock::duration call_timeout_total = std::chrono::hours(1);
  // A call of this age causes a ping. If the child does not answer it within probe_timeout, the
  // child counts as wedged.
  Clock::duration wedged_after = std::chrono::minutes(1);
  Clock::duration probe_timeout = std::chrono::seconds(10);
  bool restart_wedged = false;

  bool operator==(const CallLimits&) const = default;
};

// The sessions that get a dedicated child: see mux/pool/instances.hpp.
enum class Sharing { kAuto, kShared, kIsolated };

// mux::InstancesOptions
struct InstanceSettings {
  Sharing sharing = Sharing::kAuto;
  std::size_t shared = 1;                   // shared children
  std::size_t max_dedicated = 8;            // dedicated and warm children together
  std::size_t max_dedicated_per_owner = 4;  // dedicated children of one owner
  std::size_t warm = 0;                     // children started in advance, not yet initialised
  bool client_roots = false;                // a client's roots reach its dedicated child
  Milliseconds restart_drain{30'000};       // for calls of a replaced child
  Rate child_rate{};                        // of all clients together (mux::ChildRate)

  bool operator==(const InstanceSettings&) const = default;
};

// child::KillTimes
struct KillTimes {
  Milliseconds stdin_close{1'000};  // between the end of stdin and TERM
  Milliseconds term{2'000};         // between TERM and KILL

  bool operator==(const KillTimes&) const = default;
};

// child::ProcessOptions
struct ProcessSettings {
  std::size_t max_line_bytes = 64 << 20;     // of stdout; longer lines are discarded
  std::size_t stdin_queue_bytes = 16 << 20;  // that may wait for its stdin
  KillTimes kill_times;

  bool operator==(const ProcessSettings&) const = default;
};

// child::RestartPolicy::Delays
struct RestartDelays {
  Milliseconds first{100};
  Milliseconds longest{30'000};

  bool operator==(const RestartDelays&) const = default;
};

// child::SupervisorOptions
struct SupervisorSettings {
  Milliseconds handshake_timeout{300'000};
  std::size_t log_bytes = 512 << 10;  // of log for its stderr, at once and a minute; 0: any number
  RestartDelays restart_delays;

  bool operator==(const SupervisorSettings&) const = default;
};

struct ChildSettings {
  ProcessSettings process;
  SupervisorSettings supervisor;
  bool keep_descendants = false;  // those that left the child's process group outlive it
  bool pass_secrets = false;      // leave the sidecar's own secrets in its environment

  bool operator==(const ChildSettings&) const = default;
};

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };
enum class LogForm { kAuto, kText, kJson };  // kAuto: text on a terminal, else JSON

struct LogSettings {
  LogLevel level = LogLevel::kInfo;
  LogForm form = LogForm::kAuto;
  bool requests = false;  // their bodies too

  bool operator==(const LogSettings&) const = default;
};

enum class AuditArguments { kOff, kHash, kFull };

// Limits of what the audit database keeps. 0: no limit.
struct Retention {
  std::chrono::hours age{0};
  std::size_t bytes = 0;

  bool operator==(const Retention&) const = default;
};

// audit::Options
struct AuditSettings {
  std::string address;  // sqlite:PATH or postgresql://…; empty: off
  AuditArguments arguments = AuditArguments::kHash;
  std::string hash_key;   // empty: the key in `folder`, created when missing
  bool required = false;  // refuse calls that cannot be recorded
  // Of the spool and the key. Empty: beside the SQLite file, otherwise in the working directory.
  std::filesystem::path folder;
  std::size_t spool_bytes = 256 << 20;
  std::size_t queue_bytes = 64 << 20;
  Retention retention{std::chrono::hours(24 * 90), 1 << 30};

  bool operator==(const AuditSettings&) const = default;
};

// What outlives the process.
struct StateSettings {
  std::vector<std::string> secrets;  // the first one signs; empty: kept in `folder`
  std::filesystem::path folder;      // empty: app/kept_secret.hpp chooses
  // A client of an earlier process may continue its session until then. 0: never.
  Milliseconds session_revive{30LL * 24 * 3'600'000};

  bool operator==(const StateSettings&) const = default;
};

// The command line of the wrapped server. No shell is involved.
struct Command {
  std::vector<std::string> variables;  // NAME=value, for its environment
  std::vector<std::string> words;      // program and arguments

  bool operator==(const Command&) const = default;
};

struct Settings {
  Command command;
  ListenSettings listen;
  AccessSettings access;
  SessionLimits sessions;
  StreamLimits streams;
  EndpointSettings endpoints;
  HttpLimits http;
  CallLimits calls;
  InstanceSettings instances;
  ChildSettings child;
  LogSettings log;
  AuditSettings audit;
  StateSettings state;
  Milliseconds drain_timeout{4'000};  // for calls in flight at the shutdown
  bool allow_debugger = false;        // processes of the same user may read this process's memory

  bool operator==(const Settings&) const = default;
};

}  // namespace sidecar::config
