// List filter: removes the entries that a caller may not use from the answer to a list. Loop thread
// only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.hpp"
#include "mux/core/call.hpp"
#include "mux/core/list_view.hpp"
#include "session/uri_rules.hpp"

namespace sidecar::session {

// A caller's rules for one part of the permissions: names, or URIs of resources. The caller
// outlives it.
class PartRules {
 public:
  using Part = auth::NameRules auth::Permissions::*;

  PartRules(const auth::Principal& caller, Part part) : caller_(caller), part_(part) {
    if (part == &auth::Permissions::resources) resources_.emplace(caller);
  }

  bool allow(std::string_view name) const {
    return resources_ ? resources_->allow(name) : caller_.may(part_, name);
  }
  // `name` may be a URI template.
  bool allow_template(std::string_view name) const {
    return resources_ ? resources_->allow_template(name) : caller_.may(part_, name);
  }

 private:
  const auth::Principal& caller_;
  const Part part_;
  std::optional<ResourceRules> resources_;
};

// Whether `method` lists something: tools, prompts, resources or resource templates.
bool is_listing(std::string_view method);

// The rules that decide which entries of a list a caller sees, as text: equal texts give equal
// lists. Empty: the caller sees all of every list.
std::string list_rules(const auth::Principal& caller, std::string_view method);

// The view that `caller` has of the list; nullptr: all of it.
std::shared_ptr<const mux::ListView> list_view(std::shared_ptr<const auth::Principal> caller,
                                               std::string_view method);

// Removes the entries that the caller may not use from the answer to the client's call `id`. A list
// that cannot be read becomes an error. Other methods, and filtered answers, stay unchanged.
void filter(const auth::Principal& caller, std::string_view id, std::string_view method,
            mux::Answer& answer);

// Whether `annotations`, a place in `text`, have a true readOnlyHint.
bool has_read_only_hint(const std::string& text, jsonrpc::Span annotations);

}  // namespace sidecar::session
