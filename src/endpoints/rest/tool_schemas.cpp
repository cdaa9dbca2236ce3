#include "endpoints/rest/tool_schemas.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_set>

#include "endpoints/rest/schema_references.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/tree.hpp"

namespace sidecar::endpoints {
namespace {

using jsonrpc::Tree;
using Index = Tree::Index;
using Type = Tree::Type;

constexpr std::size_t kMaxName = 100;  // of a component
constexpr std::string_view kAnything = "{}";
constexpr std::string_view kNothing = R"({"not":{}})";

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

const Keyword* find_keyword(std::string_view name) {
  const Keyword* found = std::lower_bound(
      std::begin(kKeywords), std::end(kKeywords), name,
      [](const Keyword& keyword, std::string_view its) { return keyword.name < its; });
  return found != std::end(kKeywords) && found->name == name ? found : nullptr;
}

bool is_type_name(std::string_view token) {
  static constexpr std::string_view kNames[] = {R"("array")", R"("boolean")", R"("integer")",
                                                R"("null")",  R"("number")",  R"("object")",
                                                R"("string")"};
  return std::find(std::begin(kNames), std::end(kNames), token) != std::end(kNames);
}

}  // namespace

// Writes one schema and the targets of its references as components.
class ToolSchemas::Writer {
 public:
  Writer(ToolSchemas& all, std::string_view schema, SchemaForm form)
      : all_(all), tree_(schema), references_(tree_, kMaxParts), form_(form) {}

  std::string write(std::string_view name) {
    std::string root = all_.unused(name);
    std::vector<Index> targets = references_.targets();
    for (const Index target : targets) {
      const std::string key = plain_name(tree_.key(target));  // empty for an element of an array
      components_[target] =
          target == Tree::kRoot
              ? root
              : all_.unused(fmt::format("{}_{}", root, key.empty() ? "part" : key));
    }
    std::erase(targets, Tree::kRoot);
    std::reverse(targets.begin(), targets.end());
    for (const Index target : targets) component(target, components_[target]);
    component(Tree::kRoot, root);
    return root;
  }

 private:
  void component(Index at, const std::string& name) {
    out_.clear();
    top_ = at;
    schema(at, 0);
    all_.append(name, out_);
  }

  void reference(Index target) {
    fmt::format_to(std::back_inserter(out_), R"("$ref":"#/components/schemas/{}")",
                   components_.at(target));
  }

  // BOUNDED STACK: kMaxDepth levels.
  void schema(Index at, int depth) {
    if (at != top_ && components_.contains(at)) {
      out_ += '{';
      reference(at);
      out_ += '}';
    } else if (tree_.type(at) == Type::kObject && depth <= kMaxDepth) {
      object(at, depth);
    } else if (at == Tree::kRoot && form_.arguments) {
      out_ += R"({"type":"object","properties":{}})";
    } else {
      out_ += tree_.text(at) == "false" ? kNothing : kAnything;
    }
  }

  // Drops a trailing comma and writes a closing bracket.
  void close(char bracket) {
    if (out_.back() == ',') out_.pop_back();
    out_ += bracket;
  }

  void object(Index at, int depth) {
    const bool arguments = form_.arguments && at == Tree::kRoot;
    std::unordered_set<std::string> written;
    out_ += '{';
    if (arguments) {
      out_ += R"("type":"object",)";
      written.insert("type");
    }
    if (const auto target = references_.target(at)) {
      reference(*target);
      out_ += ',';
    }
    bool list_of_items = false;
    each(at, [&](Index child) {
      list_of_items =
          list_of_items || (tree_.key(child) == "items" && tree_.type(child) == Type::kArray);
    });
    each(at, [&](Index child) {
      std::string name = tree_.key(child);
      if (list_of_items && name == "items") name = "prefixItems";
      if (name == "additionalItems") {
        if (!list_of_items) return;
        name = "items";
      }
      const Keyword* keyword = find_keyword(name);
      const bool extension = name.starts_with("x-");
      if ((!keyword && !extension) || written.contains(name)) return;
      const std::size_t before = out_.size();
      out_ += jsonrpc::string_token(name) + ':';
      const bool fits = extension ? extra(child) : value(child, keyword->shape, depth);
      if (!fits) return out_.resize(before);
      out_ += ',';
      written.insert(std::move(name));
    });
    if (arguments && !written.contains("properties")) out_ += R"("properties":{})";
    close('}');
  }

  // Writes the value of a keyword. False: the value has the wrong form; the caller removes the
  // output.
  bool value(Index at, Shape shape, int depth) {
    const Type type = tree_.type(at);
    switch (shape) {
      case Shape::kSchema:
        schema(at, depth + 1);
        return type == Type::kObject || type == Type::kBoolean;
      case Shape::kSwitch:
      case Shape::kItems:
      case Shape::kRest:
        if (type == Type::kBoolean) return raw(at);
        return value(at, Shape::kSchema, depth);
      case Shape::kSchemas:
        return type == Type::kArray && schemas(at, depth);
      case Shape::kMap:
        return type == Type::kObject && map(at, [&](Index child) {
                 schema(child, depth + 1);
                 return true;
               });
      case Shape::kDependencies:
        return type == Type::kObject && map(at, [&](Index child) {
                 return tree_.type(child) == Type::kArray ? value(child, Shape::kNames, depth)
                                                          : value(child, Shape::kSchema, depth);
               });
      case Shape::kNameLists:
        return type == Type::kObject &&
               map(at, [&](Index child) { return value(child, Shape::kNames, depth); });
      case Shape::kNames:
        return type == Type::kArray &&
               all_of(at, [&](Index child) { return tree_.type(child) == Type::kString; }) &&
               raw(at);
      case Shape::kType:
        return is_type(at) && raw(at);
      case Shape::kText:
        return type == Type::kString && raw(at);
      case Shape::kDescription:
        return type == Type::kString && description(at);
      case Shape::kNumber:
        return type == Type::kNumber && raw(at);
      case Shape::kCount:
        return type == Type::kNumber &&
               tree_.text(at).find_first_not_of("0123456789") == std::string_view::npos && raw(at);
      case Shape::kFlag:
        return type == Type::kBoolean && raw(at);
      case Shape::kList:
        return type == Type::kArray && tree_.end(at) > Tree::first(at) && data(at);
      case Shape::kValue:
        return data(at);
    }
    return false;
  }

  bool schemas(Index at, int depth) {
    if (tree_.end(at) == Tree::first(at)) return false;
    out_ += '[';
    each(at, [&](Index child) {
      schema(child, depth + 1);
      out_ += ',';
    });
    close(']');
    return true;
  }

  // Writes an object whose members all have one form. Of members with the same name only the first
  // is written.
  template <class Write>
  bool map(Index at, Write write) {
    std::unordered_set<std::string> written;
    out_ += '{';
    each(at, [&](Index child) {
      if (!written.insert(tree_.key(child)).second) return;
      const std::size_t before = out_.size();
      out_.append(tree_.key_token(child)).append(":");
      if (write(child))
        out_ += ',';
      else
        out_.resize(before);
    });
    close('}');
    return true;
  }

  bool is_type(Index at) {
    if (tree_.type(at) != Type::kArray) return is_type_name(tree_.text(at));
    std::unordered_set<std::string_view> names;
    return tree_.end(at) > Tree::first(at) && all_of(at, [&](Index child) {
             return is_type_name(tree_.text(child)) && names.insert(tree_.text(child)).second;
           });
  }

  bool description(Index at) {
    if (form_.longest_description == 0) return raw(at);
    out_ += jsonrpc::string_token(shortened(tree_.string(at), form_.longest_description));
    return true;
  }

  bool raw(Index at) {
    out_ += tree_.text(at);
    return true;
  }

  // Copies a value that is not a schema.
  bool data(Index at) {
    for (Index inside = at; inside < tree_.end(at); ++inside) {
      if (tree_.depth(inside) - tree_.depth(at) > kMaxDepth) return false;
    }
    return raw(at);
  }

  // Copies an extension. One with references is left out: it may be a schema, and its references
  // cannot be distinguished from data.
  bool extra(Index at) {
    for (Index inside = at; inside < tree_.end(at); ++inside) {
      if (!tree_.key_token(inside).empty() && SchemaReferences::is_keyword(tree_.key(inside)))
        return false;
    }
    return data(at);
  }

  template <class Action>
  void each(Index at, Action action) {
    for (Index child = Tree::first(at); child < tree_.end(at); child = tree_.end(child))
      action(child);
  }

  template <class Test>
  bool all_of(Index at, Test test) {
    for (Index child = Tree::first(at); child < tree_.end(at); child = tree_.end(child)) {
      if (!test(child)) return false;
    }
    return true;
  }

  ToolSchemas& all_;
  const Tree tree_;
  const SchemaReferences references_;
  const SchemaForm form_;
  std::unordered_map<Index, std::string> components_;  // target of a reference → its name
  Index top_ = Tree::kRoot;                            // root of the component being written
  std::string out_;
};

std::string ToolSchemas::add(std::string_view name, std::string_view schema, SchemaForm form) {
  return Writer(*this, schema.size() > kMaxSchema ? kAnything : schema, form).write(name);
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

std::string shortened(std::string text, std::size_t longest) {
  std::size_t units = 0;
  std::size_t keep = 0;  // bytes that leave room for the "…"
  for (std::size_t at = 0; longest > 0 && at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    units += bytes == 4 ? 2 : 1;
    if (units > longest) return text.substr(0, keep) + "…";
    at += bytes;
    if (units < longest) keep = at;
  }
  return text;
}

std::string plain_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '_' || c == '-';
    if (plain || !name.ends_with('_')) name += plain ? c : '_';
  }
  return name;
}

}  // namespace sidecar::endpoints
