#include "endpoints/rest/tool_schemas.hpp"

#include <fmt/format.h>
#include <iterator>

namespace sidecar::endpoints {
namespace {

constexpr std::string_view kPlace = "#/components/schemas/";
constexpr std::size_t kMaxName = 100;  // of a component

}  // namespace

std::string ToolSchemas::add(std::string_view name, std::string_view schema, SchemaForm form,
                             ToolChanges& changes) {
  std::string root = unused(name);
  const SchemaParts parts{
      .root = std::string(kPlace) + root,
      .prefix = kPlace,
      .name =
          [&](const std::string& key) {
            return unused(fmt::format("{}_{}", root, key.empty() ? "part" : key));
          },
      .add = [&](const std::string& part, const std::string& text) { append(part, text); }};
  append(root, write_schema(schema, form, parts, changes));
  return root;
}

void ToolSchemas::add_own(const std::string& name, std::string_view schema) {
  taken_.emplace(name, 1);
  append(name, schema);
}

std::string ToolSchemas::unused(std::string_view name) {
  const std::string base(name.substr(0, kMaxName));
  std::string found = base;
  unsigned& number = taken_[base];
  while (number++ > 0) {
    found = fmt::format("{}_{}", base, number);
    if (taken_.try_emplace(found, 1).second) break;
  }
  return found;
}

void ToolSchemas::append(const std::string& name, std::string_view schema) {
  fmt::format_to(std::back_inserter(members_), R"({}"{}":{})", members_.empty() ? "" : ",", name,
                 schema);
}

}  // namespace sidecar::endpoints
