// The keywords of JSON Schema that the schemas of tools keep, each with the form of its value.
// Pure; any thread.
#pragma once

#include <string_view>

namespace sidecar::endpoints {

// The required form of a keyword's value.
enum class Shape {
  kSchema,
  kSwitch,   // a schema; booleans are kept as they are
  kSchemas,  // a list of them, not empty
  kMap,      // of schemas by name
  kItems,    // a schema; before 2019-09 also a list of them
  kRest,     // `additionalItems`, since 2020-12 `items`
  kDependencies,
  kText,
  kDescription,
  kType,
  kNames,
  kNameLists,
  kNumber,
  kCount,
  kFlag,
  kList,
  kValue,
};

struct Keyword {
  std::string_view name;
  Shape shape;
};

// nullptr: the keyword is not known.
const Keyword* find_keyword(std::string_view name);

// Whether the keyword only names a schema, its parts or its dialect. It is not kept, because
// references are rewritten.
bool only_names(std::string_view keyword);

}  // namespace sidecar::endpoints
