// Settings: the values that the program runs with, merged from flags, environment, `.env` and
// defaults. Plain data, filled by the rows of config/table.hpp. Sizes in bytes, times in
// milliseconds.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "config/permissions.hpp"
#include "util/token_bucket.hpp"

namespace sidecar::config {

using Milliseconds = std::chrono::milliseconds;

struct Key {
  std::string name;  // as in `name:key`; else the first 8 hex characters of the key's SHA-256
  std::string secret;
  bool admin = false;  // marked as an administrator's

  bool operator==(const Key&) const = default;
};

// The fields are in the order in which people read them.
struct Settings {  // NOLINT(clang-analyzer-optin.performance.Padding)
  // The wrapped server: program and arguments. No shell is involved.
  std::vector<std::string> command;

  // Listening
  std::string host = "127.0.0.1";
  std::uint16_t port = 3001;
  std::string public_url;  // e.g. https://mcp.example.com/prefix; may be empty

  std::string message_path = "/message";  // in the endpoint event: /message or /messages

  // Access
  std::vector<Key> keys;        // none, and no keys file: open
  std::vector<Key> admin_keys;  // MCP_ADMIN_KEY: one at most
  std::string keys_file;        // see access/keys_file.hpp; empty: none
  bool allow_query_key = false;
  std::string jwt_issuer;                  // accept its access tokens; empty: no tokens
  std::string jwks;                        // the issuer's keys: path or http(s) URL
  std::vector<std::string> jwt_audiences;  // empty: the public URL and its endpoints
  std::vector<std::string> jwt_scopes;     // required of each token
  Permissions permissions;                 // of all callers
  std::vector<std::string> cors_origins = {"auto"};
  std::vector<std::string> allowed_hosts;  // accepted in Host, besides the host of the public URL
  std::vector<std::string> allowed_addresses = {"*"};
  std::vector<std::string> trusted_proxies = {"127.0.0.0/8", "::1"};
  bool open_admin = false;    // without keys: programs of this machine are administrators
  bool pass_secrets = false;  // leave the sidecar's own secrets in the child's environment

  // Rates; off by default, except wrong_key_rate
  Rate session_rate;  // per session; without one, per key and address
  Rate key_rate;      // per key
  Rate address_rate;  // per address
  // Wrong keys per address; valid keys are never delayed.
  Rate wrong_key_rate{20, Milliseconds(60'000)};
  // Calls of all clients together that reach the wrapped server.
  Rate child_rate;

  // Sessions
  std::size_t max_sessions = 1000;
  std::size_t max_sessions_per_key = 0;  // 0: any number
  std::size_t max_streams_per_ip = 0;    // opened by GET; 0: any number
  Milliseconds session_timeout{1'800'000};
  Milliseconds keepalive_interval{30'000};
  std::size_t stream_queue_bytes = 8 << 20;
  Milliseconds stream_stall{30'000};
  // Streamable HTTP: a response that takes longer becomes an event stream.
  Milliseconds stream_after{1'000};

  // Requests
  std::size_t max_head_bytes = 16 << 10;
  std::size_t max_body_bytes = 10 << 20;
  Milliseconds receive_timeout{30'000};
  Milliseconds idle_connection{120'000};
  std::size_t max_buffered_bytes = 256 << 20;
  std::size_t max_tcp_connections = 16'384;
  std::size_t max_tcp_connections_per_ip = 1'024;

  // Calls
  std::size_t max_calls_per_session = 64;
  std::size_t max_calls = 4096;
  Milliseconds call_timeout{300'000};
  Milliseconds rest_timeout{30'000};
  Milliseconds call_timeout_total{3'600'000};  // even with progress, which restarts call_timeout

  // Children of the wrapped server
  std::string sessions = "auto";  // auto, shared, isolated: which sessions get a dedicated child
  std::size_t instances = 1;      // shared children
  std::size_t max_instances = 8;  // dedicated and warm children together
  std::size_t max_instances_per_owner = 4;
  std::size_t warm_instances = 0;
  bool allow_client_roots = false;
  Milliseconds restart_drain{30'000};

  // Each child
  Milliseconds handshake_timeout{60'000};
  std::size_t max_line_bytes = 64 << 20;
  std::size_t stdin_queue_bytes = 16 << 20;
  Milliseconds wedged_after{60'000};  // age of the oldest call
  Milliseconds probe_timeout{10'000};
  bool restart_wedged = false;
  Milliseconds stdin_close_grace{1'000};  // kill ladder: after closing stdin
  Milliseconds term_grace{2'000};         // kill ladder: after SIGTERM
  Milliseconds restart_delay{100};
  Milliseconds restart_delay_max{30'000};

  // Shutdown
  Milliseconds drain_timeout{4'000};

  // Logs and dashboard
  std::string log_level = "info";   // trace, debug, info, warn, error, off
  std::string log_format = "auto";  // auto (text on a terminal, else json), text, json
  bool debug_requests = false;      // log request bodies
  bool dashboard = true;            // its pages and their endpoints
  bool allow_debugger = false;      // processes of the same user may read this process's memory

  // Audit log
  std::string audit_db;                  // sqlite:PATH or postgresql://…; empty: off
  std::string audit_arguments = "hash";  // off, hash, full
  std::string audit_hash_key;            // empty: generated once, stored in the spool's folder
  bool audit_required = false;
  // Folder; empty: beside the SQLite file, otherwise in the working directory.
  std::string audit_spool;
  std::size_t audit_spool_bytes = 256 << 20;
  std::size_t audit_queue_bytes = 64 << 20;
  std::size_t audit_keep_days = 90;       // 0: for ever
  std::size_t audit_max_bytes = 1 << 30;  // 0: any size

  // True if callers need a key or a token.
  bool needs_key() const {
    return !keys.empty() || !admin_keys.empty() || !keys_file.empty() || !jwt_issuer.empty();
  }
  bool operator==(const Settings&) const = default;
};

}  // namespace sidecar::config
