#include "endpoints/rest/schema_keywords.hpp"

#include <algorithm>

namespace sidecar::endpoints {
namespace {

// JSON Schema 2020-12, and the keywords of draft-07 with the same meaning. Sorted by name.
constexpr Keyword kKeywords[] = {
    {"$comment", Shape::kText},
    {"additionalItems", Shape::kRest},
    {"additionalProperties", Shape::kSwitch},
    {"allOf", Shape::kSchemas},
    {"anyOf", Shape::kSchemas},
    {"const", Shape::kValue},
    {"contains", Shape::kSchema},
    {"contentEncoding", Shape::kText},
    {"contentMediaType", Shape::kText},
    {"contentSchema", Shape::kSchema},
    {"default", Shape::kValue},
    {"dependencies", Shape::kDependencies},
    {"dependentRequired", Shape::kNameLists},
    {"dependentSchemas", Shape::kMap},
    {"deprecated", Shape::kFlag},
    {"description", Shape::kDescription},
    {"else", Shape::kSchema},
    {"enum", Shape::kList},
    {"example", Shape::kValue},
    {"examples", Shape::kList},
    {"exclusiveMaximum", Shape::kNumber},
    {"exclusiveMinimum", Shape::kNumber},
    {"format", Shape::kText},
    {"if", Shape::kSchema},
    {"items", Shape::kItems},
    {"maxContains", Shape::kCount},
    {"maxItems", Shape::kCount},
    {"maxLength", Shape::kCount},
    {"maxProperties", Shape::kCount},
    {"maximum", Shape::kNumber},
    {"minContains", Shape::kCount},
    {"minItems", Shape::kCount},
    {"minLength", Shape::kCount},
    {"minProperties", Shape::kCount},
    {"minimum", Shape::kNumber},
    {"multipleOf", Shape::kNumber},
    {"not", Shape::kSchema},
    {"oneOf", Shape::kSchemas},
    {"pattern", Shape::kText},
    {"patternProperties", Shape::kMap},
    {"prefixItems", Shape::kSchemas},
    {"properties", Shape::kMap},
    {"propertyNames", Shape::kSchema},
    {"readOnly", Shape::kFlag},
    {"required", Shape::kNames},
    {"then", Shape::kSchema},
    {"title", Shape::kText},
    {"type", Shape::kType},
    {"unevaluatedItems", Shape::kSwitch},
    {"unevaluatedProperties", Shape::kSwitch},
    {"uniqueItems", Shape::kFlag},
    {"writeOnly", Shape::kFlag},
};

static_assert(std::is_sorted(std::begin(kKeywords), std::end(kKeywords),
                             [](const Keyword& a, const Keyword& b) { return a.name < b.name; }));

}  // namespace

const Keyword* find_keyword(std::string_view name) {
  const Keyword* found = std::lower_bound(
      std::begin(kKeywords), std::end(kKeywords), name,
      [](const Keyword& keyword, std::string_view its) { return keyword.name < its; });
  return found != std::end(kKeywords) && found->name == name ? found : nullptr;
}

bool only_names(std::string_view keyword) {
  static constexpr std::string_view kNames[] = {
      "$schema",     "$id",   "id",          "$anchor",         "$dynamicAnchor",
      "$vocabulary", "$defs", "definitions", "$recursiveAnchor"};
  return std::find(std::begin(kNames), std::end(kNames), keyword) != std::end(kNames);
}

}  // namespace sidecar::endpoints
