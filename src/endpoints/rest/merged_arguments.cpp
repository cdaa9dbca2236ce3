#include "endpoints/rest/merged_arguments.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace sidecar::endpoints {
namespace {

using jsonrpc::Tree;
using Index = Tree::Index;
using Type = Tree::Type;
using Tokens = std::vector<std::string_view>;

constexpr int kMaxDepth = 8;  // of alternatives within alternatives
// Schemas and properties that are visited below the top; the rest is left out. References may lead
// to the same schema many times.
constexpr std::size_t kMaxVisits = 20'000;

template <class Action>
void each(const Tree& tree, Index at, Action action) {
  for (Index child = Tree::first(at); child < tree.end(at); child = tree.end(child)) action(child);
}

void add_once(Tokens& all, std::string_view token) {
  if (std::ranges::find(all, token) == all.end()) all.push_back(token);
}

class Merge {
 public:
  struct Part {
    std::vector<Index> properties;
    Tokens required;
  };

  Merge(const Tree& tree, const SchemaReferences& references)
      : tree_(tree), references_(references) {}

  // BOUNDED STACK: kMaxDepth levels.
  Part collect(Index at, int depth) {
    Part part;
    if (depth > kMaxDepth || !visit(depth) || tree_.type(at) != Type::kObject) return part;
    part.required = required_names(tree_, at);
    each(tree_, at, [&](Index child) {
      const std::string key = tree_.key(child);
      if (key == "properties" && tree_.type(child) == Type::kObject)
        each(tree_, child, [&](Index property) {
          if (visit(depth)) part.properties.push_back(property);
        });
      if (tree_.type(child) != Type::kArray) return;
      if (key == "allOf")
        each(tree_, child, [&](Index one) { take(part, collect(one, depth + 1)); });
      if (key == "anyOf" || key == "oneOf") take(part, choice(child, depth));
    });
    if (const auto target = references_.target(at)) take(part, collect(*target, depth + 1));
    return part;
  }

 private:
  bool visit(int depth) { return depth == 0 || visits_++ < kMaxVisits; }

  static void take(Part& part, const Part& other) {
    part.properties.insert(part.properties.end(), other.properties.begin(), other.properties.end());
    for (const std::string_view name : other.required) add_once(part.required, name);
  }

  Part choice(Index list, int depth) {
    Part all;
    bool first = true;
    each(tree_, list, [&](Index one) {
      if (!may_be_object(one)) return;
      Part part = collect(one, depth + 1);
      all.properties.insert(all.properties.end(), part.properties.begin(), part.properties.end());
      if (std::exchange(first, false))
        all.required = std::move(part.required);
      else
        std::erase_if(all.required, [&part](std::string_view name) {
          return std::ranges::find(part.required, name) == part.required.end();
        });
    });
    return all;
  }

  bool may_be_object(Index at) const {
    if (tree_.type(at) != Type::kObject) return tree_.text(at) != "false";
    bool may = true;
    each(tree_, at, [&](Index child) {
      if (tree_.key(child) != "type") return;
      may = tree_.text(child).find(R"("object")") != std::string_view::npos;
    });
    return may;
  }

  const Tree& tree_;
  const SchemaReferences& references_;
  std::size_t visits_ = 0;
};

}  // namespace

std::vector<std::string_view> required_names(const Tree& tree, Index at) {
  Tokens names;
  std::unordered_set<std::string_view> known;
  const auto add = [&](std::string_view token) {
    if (known.insert(token).second) names.push_back(token);
  };
  bool listed = false;
  each(tree, at, [&](Index child) {
    const std::string_view key = tree.key_token(child);
    if (key == R"("required")" && tree.type(child) == Type::kArray &&
        !std::exchange(listed, true)) {
      bool strings = true;
      each(tree, child, [&](Index name) { strings = strings && tree.type(name) == Type::kString; });
      if (strings) each(tree, child, [&](Index name) { add(tree.text(name)); });
    }
    if (key != R"("properties")" || tree.type(child) != Type::kObject) return;
    each(tree, child, [&](Index property) {
      if (tree.type(property) != Type::kObject) return;
      each(tree, property, [&](Index member) {
        if (tree.key_token(member) == R"("required")" && tree.text(member) == "true")
          add(tree.key_token(property));
      });
    });
  });
  return names;
}

MergedArguments::MergedArguments(const Tree& tree, const SchemaReferences& references) {
  Merge::Part all = Merge(tree, references).collect(Tree::kRoot, 0);
  required = std::move(all.required);
  std::unordered_map<std::string, std::size_t> places;
  for (const Index at : all.properties) {
    const auto [place, fresh] = places.try_emplace(tree.key(at), properties.size());
    if (fresh) properties.push_back({tree.key_token(at), {}});
    std::vector<Index>& schemas = properties[place->second].schemas;
    if (std::ranges::none_of(schemas,
                             [&](Index other) { return tree.text(other) == tree.text(at); }))
      schemas.push_back(at);
  }
}

}  // namespace sidecar::endpoints
