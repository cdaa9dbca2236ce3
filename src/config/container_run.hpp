// Container run: looks for options of `docker run` and `podman run` that a server needs if it is to
// end with the sidecar. No state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sidecar::config {

// Of --init and --rm, those that the command lacks; empty for all other commands. Words behind the
// image belong to the container.
std::vector<std::string_view> missing_run_options(const std::vector<std::string>& command);

}  // namespace sidecar::config
