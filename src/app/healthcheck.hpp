// Healthcheck: asks a running mcp-sidecar whether it is alive, for Docker's HEALTHCHECK: no curl in
// the image. A program of its own: blocks, at most a few seconds.
#pragma once

#include <string_view>

#include "app/http_get.hpp"
#include "config/settings.hpp"
#include "util/result.hpp"

namespace sidecar::app {

// Where the sidecar with these settings answers; one that listens on every address is asked over
// loopback. Errors: port 0, which only the running sidecar knows.
Result<HttpTarget> health_target(const config::Settings& settings);

// For --url: http(s)://host[:port][/prefix]; `/health` is added unless it stands there.
Result<HttpTarget> health_target(std::string_view url);

// Success: status 200 and a body whose `status` is "ok". Errors: one line that says what came
// instead. Ignores SIGPIPE from then on, for the process.
Result<void> check_health(const HttpTarget& target);

}  // namespace sidecar::app
