// UriRules: rules for resources, applied to a URI in every way in which the wrapped server may read
// it. An MCP server gets the URI as the client wrote it, and its URL parser drops control
// characters, resolves dot segments, decodes escapes, and so on, so a pattern has to hold for what
// comes out of that too.
//
// A URI is allowed when all of this holds:
//   - it has no control characters, no white space at either end, and no ".." segment, also in escapes;
//   - as it is written, the rules allow it (config::NameRules);
//   - normalised (normalized_url), with all escapes decoded, backslashes as slashes and without empty and "."
//     segments, the rules allow it, with and without its query and fragment, and do not deny it with
//     its host in lower case or, of a file URI, without its host or drive.
// For the last point the patterns are normalised likewise.
//
// The rules outlive it. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/permissions.hpp"
#include "observe/caller.hpp"

namespace sidecar::session {

class UriRules {
 public:
  explicit UriRules(const config::NameRules& rules);

  bool allows(std::string_view uri) const;
  // A URI template is no URL and has no query of its own: servers look it up as it is written.
  bool allows_template(std::string_view uri_template) const;

 private:
  bool allows_as_written(std::string_view uri) const;

  const config::NameRules& rules_;
  config::NameRules normalized_;  // with the patterns as they are written too
  config::NameRules denied_;      // of these the denied ones alone, their hosts in lower case
};

// The rules for resources of a caller, who outlives them: all of its permissions have to allow a
// URI.
class ResourceRules {
 public:
  explicit ResourceRules(const observe::Caller& caller);

  bool allow(std::string_view uri) const;
  bool allow_template(std::string_view uri_or_template) const;

 private:
  std::vector<UriRules> rules_;
};

}  // namespace sidecar::session
