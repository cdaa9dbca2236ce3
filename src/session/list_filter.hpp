// List filter: takes what a caller may not use out of the answer to a list. Loop thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mux/core/call.hpp"
#include "mux/core/list_view.hpp"
#include "observe/caller.hpp"
#include "session/uri_rules.hpp"

namespace sidecar::session {

// The rules of a caller, who outlives it, for names or, of resources, for URIs.
class PartRules {
 public:
  using Part = config::NameRules config::Permissions::*;

  PartRules(const observe::Caller& caller, Part part) : caller_(caller), part_(part) {
    if (part == &config::Permissions::resources) resources_.emplace(caller);
  }

  bool allow(std::string_view name) const {
    return resources_ ? resources_->allow(name) : caller_.may(part_, name);
  }
  // `name` may be a URI template.
  bool allow_template(std::string_view name) const {
    return resources_ ? resources_->allow_template(name) : caller_.may(part_, name);
  }

 private:
  const observe::Caller& caller_;
  const Part part_;
  std::optional<ResourceRules> resources_;
};

// Whether this is the method of a list.
bool is_listing(std::string_view method);

// What decides which elements of a list a caller sees, as a text; empty: it sees all of any list.
std::string list_rules(const observe::Caller& caller, std::string_view method);

// What `caller` sees of the list; nullptr when that is all of it.
std::shared_ptr<const mux::ListView> list_view(std::shared_ptr<const observe::Caller> caller,
                                               std::string_view method);

// Takes what the caller may not use out of the answer to a list, that of the client's call `id`.
// One that cannot be read becomes an error.
void filter(const observe::Caller& caller, std::string_view id, std::string_view method,
            mux::Answer& answer);

// Whether `annotations`, a place in `text`, say that a tool only reads.
bool says_read_only(const std::string& text, jsonrpc::Span annotations);

}  // namespace sidecar::session
