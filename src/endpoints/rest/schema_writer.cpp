#include "endpoints/rest/schema_writer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "endpoints/rest/merged_arguments.hpp"
#include "endpoints/rest/schema_keywords.hpp"
#include "endpoints/rest/schema_references.hpp"
#include "endpoints/rest/tool_texts.hpp"
#include "jsonrpc/message.hpp"
#include "jsonrpc/tree.hpp"

namespace sidecar::endpoints {
namespace {

using jsonrpc::Tree;
using Index = Tree::Index;
using Type = Tree::Type;

constexpr std::string_view kAnything = "{}";
constexpr std::string_view kNothing = R"({"not":{}})";
constexpr std::string_view kAnyArguments = R"({"type":"object","properties":{}})";
constexpr std::string_view kLeftOut = "left out";

// Keywords that OpenAI refuses at the top of a function's parameters.
constexpr std::string_view kNotAtTop[] = {"anyOf", "oneOf", "allOf", "enum", "const", "not"};

bool is_type_name(std::string_view token) {
  static constexpr std::string_view kNames[] = {R"("array")", R"("boolean")", R"("integer")",
                                                R"("null")",  R"("number")",  R"("object")",
                                                R"("string")"};
  return std::find(std::begin(kNames), std::end(kNames), token) != std::end(kNames);
}

// What older drafts say in an object, for the keywords that 2020-12 reads otherwise.
struct OlderForms {
  bool list_of_items = false;
  bool above_minimum = false;  // exclusiveMinimum: true
  bool below_maximum = false;  // exclusiveMaximum: true
};

class SchemaWriter {
 public:
  SchemaWriter(std::string_view schema, SchemaForm form, const SchemaParts& parts,
               ToolChanges& changes)
      : form_(form),
        parts_(parts),
        changes_(changes),
        tree_(schema),
        references_(tree_, kMaxSchemaParts) {}

  std::string write() {
    std::vector<Index> targets = references_.targets();
    names_[Tree::kRoot] = parts_.root;
    std::erase(targets, Tree::kRoot);
    for (const Index target : targets) {
      components_[target] = parts_.name(plain_name(tree_.key(target)));
      names_[target] = std::string(parts_.prefix) + components_[target];
    }
    std::reverse(targets.begin(), targets.end());
    struct Part {
      std::string text;
      std::set<Index> uses;
    };
    std::unordered_map<Index, Part> parts;
    for (const Index target : targets) {
      std::string text = component(target);
      parts[target] = {std::move(text), std::move(uses_)};
    }
    std::string root = component(Tree::kRoot);
    // A definition that nothing refers to may refer to others.
    std::set<Index> reached;
    for (std::vector<Index> next(uses_.begin(), uses_.end()); !next.empty();) {
      const Index at = next.back();
      next.pop_back();
      if (at == Tree::kRoot || !reached.insert(at).second) continue;
      next.insert(next.end(), parts[at].uses.begin(), parts[at].uses.end());
    }
    for (const Index target : targets) {
      if (reached.contains(target)) parts_.add(components_[target], parts[target].text);
    }
    return root;
  }

 private:
  std::string component(Index at) {
    out_.clear();
    uses_.clear();
    top_ = at;
    schema(at, 0);
    return std::move(out_);
  }

  void reference(Index target) {
    uses_.insert(target);
    out_.append(R"("$ref":")").append(names_.at(target)).append("\"");
  }

  // BOUNDED STACK: kMaxSchemaDepth levels.
  void schema(Index at, int depth) {
    const Type type = tree_.type(at);
    if (at != top_ && names_.contains(at)) {
      out_ += '{';
      reference(at);
      out_ += '}';
    } else if (type == Type::kObject && depth <= kMaxSchemaDepth) {
      object(at, depth);
    } else {
      const bool arguments = form_.arguments && at == Tree::kRoot;
      if (type != Type::kBoolean || arguments) changes_.add(name_of(at), replaced(at));
      out_ += arguments ? kAnyArguments : tree_.text(at) == "false" ? kNothing : kAnything;
    }
  }

  std::string name_of(Index at) const {
    const std::string key = tree_.key(at);
    return key.empty() ? "schema" : key;
  }

  std::string_view replaced(Index at) const {
    return tree_.type(at) == Type::kObject ? "nested too deeply, now anything" : "not a schema";
  }

  // Drops a trailing comma and writes a closing bracket.
  void close(char bracket) {
    if (out_.back() == ',') out_.pop_back();
    out_ += bracket;
  }

  OlderForms older_forms(Index at) const {
    OlderForms forms;
    each(at, [&](Index child) {
      const std::string_view key = tree_.key_token(child);
      if (key == R"("items")" && tree_.type(child) == Type::kArray) forms.list_of_items = true;
      if (tree_.text(child) != "true") return;
      if (key == R"("exclusiveMinimum")") forms.above_minimum = true;
      if (key == R"("exclusiveMaximum")") forms.below_maximum = true;
    });
    return forms;
  }

  // The keyword of 2020-12 for a member of the schema at `at`; empty: the member has none.
  std::string keyword_of(Index at, Index child, const OlderForms& older) {
    std::string name = tree_.key(child);
    const auto renamed = [&](std::string_view now) {
      changes_.add(name, std::string("now ").append(now));
      return std::string(now);
    };
    if (name == "items" && older.list_of_items) return renamed("prefixItems");
    if (name == "additionalItems") return older.list_of_items ? "items" : "";
    if (name == "minimum" && older.above_minimum) return renamed("exclusiveMinimum");
    if (name == "maximum" && older.below_maximum) return renamed("exclusiveMaximum");
    const bool exclusive = name == "exclusiveMinimum" || name == "exclusiveMaximum";
    if (exclusive && tree_.type(child) == Type::kBoolean) return {};
    if (SchemaReferences::is_keyword(name)) {
      if (!references_.target(at)) changes_.add(name, kLeftOut);
      return {};
    }
    return only_names(name) ? std::string() : name;
  }

  void object(Index at, int depth) {
    const bool arguments = form_.arguments && at == Tree::kRoot;
    const bool plain = arguments && form_.plain_top;
    std::unordered_set<std::string> written;
    out_ += '{';
    if (arguments) {
      out_ += R"("type":"object",)";
      written.insert("type");
    }
    const auto target = references_.target(at);
    if (target && !plain) {
      reference(*target);
      out_ += ',';
    }
    const OlderForms older = older_forms(at);
    const std::vector<std::string_view> required = required_names(tree_, at);
    bool rewrites_required = false;  // else the list stays as it is
    if (plain && has_alternatives(at)) {
      merged();
      written.insert({"properties", "required"});
    } else if (required != listed_names(at)) {
      changes_.add("required", "now each name once, in the object");
      rewrites_required = true;
      written.insert("required");
    }
    bool array = false;
    each(at, [&](Index child) {
      const std::string name = keyword_of(at, child, older);
      if (name.empty()) return;
      if (plain && std::ranges::find(kNotAtTop, name) != std::end(kNotAtTop))
        return changes_.add(name, "not at the top; its properties are merged");
      if (arguments && name == "type" && tree_.text(child) != R"("object")")
        changes_.add(name, "now object");
      const Keyword* keyword = find_keyword(name);
      const bool extension = name.starts_with("x-");
      if (!keyword && !extension) return changes_.add(name, kLeftOut);
      if (written.contains(name)) return;
      const std::size_t before = out_.size();
      out_ += jsonrpc::string_token(name) + ':';
      if (!(extension ? extra(child) : value(child, keyword->shape, depth))) {
        changes_.add(name, kLeftOut);
        return out_.resize(before);
      }
      out_ += ',';
      array = array || (name == "type" && names_array(child));
      written.insert(name);
    });
    if (array && !written.contains("items")) {
      changes_.add("items", "added to an array");
      out_ += R"("items":{},)";
    }
    if (rewrites_required) list("required", required);
    if (arguments && !written.contains("properties")) out_ += R"("properties":{})";
    close('}');
  }

  bool names_array(Index type) const {
    return tree_.text(type).find(R"("array")") != std::string_view::npos;
  }

  // The elements of `required`, if that is a list of strings.
  std::vector<std::string_view> listed_names(Index at) const {
    std::vector<std::string_view> names;
    bool first = true, strings = true;
    each(at, [&](Index child) {
      if (tree_.key_token(child) != R"("required")" || tree_.type(child) != Type::kArray ||
          !std::exchange(first, false))
        return;
      each(child, [&](Index name) {
        names.push_back(tree_.text(name));
        strings = strings && tree_.type(name) == Type::kString;
      });
    });
    return strings ? names : std::vector<std::string_view>();
  }

  // Whether properties of the arguments may stand elsewhere than in `properties`.
  bool has_alternatives(Index at) const {
    bool found = references_.target(at).has_value();
    each(at, [&](Index child) {
      const std::string key = tree_.key(child);
      found = found || ((key == "anyOf" || key == "oneOf" || key == "allOf") &&
                        tree_.type(child) == Type::kArray);
    });
    return found;
  }

  void merged() {
    const MergedArguments all(tree_, references_);
    out_ += R"("properties":{)";
    for (const MergedArguments::Property& property : all.properties) {
      out_.append(property.name).append(property.schemas.size() > 1 ? R"(:{"anyOf":[)" : ":");
      for (const Index at : property.schemas) {
        schema(at, 1);
        out_ += ',';
      }
      if (property.schemas.size() == 1) continue;
      close(']');
      out_ += "},";
    }
    close('}');
    out_ += ',';
    if (!all.required.empty()) list("required", all.required);
  }

  // Writes a member whose value is a list of tokens, and a comma.
  void list(std::string_view name, const std::vector<std::string_view>& tokens) {
    out_.append(1, '"').append(name).append("\":[");
    for (const std::string_view token : tokens) out_.append(token).append(",");
    close(']');
    out_ += ',';
  }

  // Writes the value of a keyword. False: the value has the wrong form; the caller removes the
  // output.
  bool value(Index at, Shape shape, int depth) {
    const Type type = tree_.type(at);
    switch (shape) {
      case Shape::kSchema:
        if (type != Type::kObject && type != Type::kBoolean) return false;
        schema(at, depth + 1);
        return true;
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
        return type == Type::kArray && tree_.end(at) > Tree::first(at) && values(at);
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
      if (write(child)) {
        out_ += ',';
      } else {
        changes_.add(tree_.key(child), kLeftOut);
        out_.resize(before);
      }
    });
    close('}');
    return true;
  }

  bool is_type(Index at) const {
    if (tree_.type(at) != Type::kArray) return is_type_name(tree_.text(at));
    std::unordered_set<std::string_view> names;
    return tree_.end(at) > Tree::first(at) && all_of(at, [&](Index child) {
             return is_type_name(tree_.text(child)) && names.insert(tree_.text(child)).second;
           });
  }

  bool description(Index at) {
    if (form_.longest_description == 0) return raw(at);
    const std::string text = tree_.string(at);
    const std::string cut = shortened(text, form_.longest_description);
    if (cut != text) changes_.add("description", "cut");
    out_ += jsonrpc::string_token(cut);
    return true;
  }

  bool raw(Index at) {
    out_ += tree_.text(at);
    return true;
  }

  // Copies a list of values, each once.
  bool values(Index at) {
    std::vector<std::string_view> tokens;
    std::unordered_set<std::string_view> known;
    std::size_t count = 0;
    each(at, [&](Index child) {
      ++count;
      if (known.insert(tree_.text(child)).second) tokens.push_back(tree_.text(child));
    });
    if (tokens.size() == count) return data(at);
    const std::size_t before = out_.size();
    if (!data(at)) return false;
    out_.resize(before);
    changes_.add("enum", "now each value once");
    out_ += '[';
    for (const std::string_view token : tokens) out_.append(token).append(",");
    close(']');
    return true;
  }

  // Copies a value that is not a schema.
  bool data(Index at) {
    for (Index inside = at; inside < tree_.end(at); ++inside) {
      if (tree_.depth(inside) - tree_.depth(at) > kMaxSchemaDepth) return false;
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
  void each(Index at, Action action) const {
    for (Index child = Tree::first(at); child < tree_.end(at); child = tree_.end(child))
      action(child);
  }

  template <class Test>
  bool all_of(Index at, Test test) const {
    for (Index child = Tree::first(at); child < tree_.end(at); child = tree_.end(child)) {
      if (!test(child)) return false;
    }
    return true;
  }

  const SchemaForm form_;
  const SchemaParts& parts_;
  ToolChanges& changes_;
  const Tree tree_;
  const SchemaReferences references_;
  std::unordered_map<Index, std::string> components_;  // target of a reference → name of its part
  std::unordered_map<Index, std::string> names_;  // the same and the root → value of a reference
  Index top_ = Tree::kRoot;                       // root of the part being written
  std::set<Index> uses_;                          // targets that it refers to
  std::string out_;
};

}  // namespace

std::string write_schema(std::string_view schema, SchemaForm form, const SchemaParts& parts,
                         ToolChanges& changes) {
  if (schema.size() > kMaxSchema) {
    changes.add("schema", "larger than 1 MB, now anything");
    schema = kAnything;
  }
  return SchemaWriter(schema, form, parts, changes).write();
}

}  // namespace sidecar::endpoints
