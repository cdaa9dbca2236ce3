// UriRules: rules for resources, applied to every form in which the wrapped server may read a URI.
// The server gets the URI as the client wrote it. Its URL parser may drop control characters,
// resolve dot segments, decode escapes and so on, so the rules must hold for the result too.
//
// A URI is allowed if all of this holds:
//   - it has no control characters, no white space at either end, and no ".." segment, even in
//     escapes;
//   - the rules allow it as it is written (auth::NameRules);
//   - the rules allow its normalised form, with and without query and fragment: normalized_url(),
//     all escapes decoded, backslashes as slashes, without empty and "." segments;
//   - the rules do not deny its normalised form with the host in lower case or, for a file URI,
//     without its host or drive.
// For the last two points the patterns are normalised in the same way.
//
// The auth::NameRules outlive it. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/permissions.hpp"
#include "auth/principal.hpp"

namespace sidecar::session {

class UriRules {
 public:
  explicit UriRules(const auth::NameRules& rules);

  bool allows(std::string_view uri) const;
  // A URI template is not a URL and has no query: servers look it up as it is written.
  bool allows_template(std::string_view uri_template) const;

 private:
  bool allows_as_written(std::string_view uri) const;

  const auth::NameRules& rules_;
  auth::NameRules normalized_;  // includes the patterns as written
  auth::NameRules denied_;      // `deny` of normalized_, with hosts in lower case
};

// A caller's rules for resources: all of its permissions must allow a URI. The caller outlives
// them.
class ResourceRules {
 public:
  explicit ResourceRules(const auth::Principal& caller);

  bool allow(std::string_view uri) const;
  bool allow_template(std::string_view uri_or_template) const;

 private:
  std::vector<UriRules> rules_;
};

}  // namespace sidecar::session
