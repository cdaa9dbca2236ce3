#include "endpoints/rest/schema_references.hpp"

#include <algorithm>
#include <string>

#include "http/percent.hpp"

namespace sidecar::endpoints {
namespace {

using jsonrpc::Tree;
using Index = Tree::Index;
using Type = Tree::Type;

// Decodes "~1" and "~0" in a step of a JSON pointer.
std::string pointer_step(std::string_view text) {
  std::string step;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '~' && i + 1 < text.size();
    if (escape) ++i;
    step += escape && text[i] == '1' ? '/' : escape && text[i] == '0' ? '~' : text[i];
  }
  return step;
}

// Finds references and their targets.
class Finder {
 public:
  explicit Finder(const Tree& tree) : tree_(tree), parents_(tree.size()), resources_(tree.size()) {
    for (Index at = 0; at < tree_.size(); ++at) {
      for (Index child = Tree::first(at); child < tree_.end(at); child = tree_.end(child)) {
        parents_[child] = at;
        if (tree_.type(child) == Type::kString) name_place(at, child);
      }
      if (at != Tree::kRoot && resources_[at] != at) resources_[at] = resources_[parents_[at]];
    }
  }

  // Schema with a reference → its target.
  std::unordered_map<Index, Index> targets() {
    std::unordered_map<Index, Index> targets;
    for (const Index at : found_) {
      const Index holder = parents_[at];
      if (tree_.key(at) != "$ref" && targets.contains(holder)) continue;
      if (const auto target = resolve(tree_.string(at), resources_[holder]))
        targets[holder] = *target;
    }
    return targets;
  }

 private:
  void name_place(Index at, Index child) {
    const std::string_view token = tree_.key_token(child);
    if (token.size() < 5 || token[1] != '$') return;
    const std::string key = tree_.key(child);
    const std::string name = tree_.string(child);
    if (SchemaReferences::is_keyword(key)) found_.push_back(child);
    if (key == "$anchor" || key == "$dynamicAnchor") anchors_.emplace(name, at);
    if (key != "$id" || name.empty()) return;
    if (name.front() == '#') {  // draft-07's anchors
      anchors_.emplace(name.substr(1), at);
    } else {
      identities_.emplace(name.substr(0, name.find('#')), at);
      resources_[at] = at;
    }
  }

  std::optional<Index> resolve(const std::string& reference, Index resource) {
    const std::size_t hash = std::min(reference.find('#'), reference.size());
    if (hash > 0) {
      const auto named = identities_.find(reference.substr(0, hash));
      if (named == identities_.end()) return std::nullopt;
      resource = named->second;
    }
    if (hash + 1 >= reference.size()) return resource;
    const auto fragment = http::percent_decoded(std::string_view(reference).substr(hash + 1));
    if (!fragment) return std::nullopt;
    if (fragment->front() == '/') return follow(*fragment, resource);
    const auto anchor = anchors_.find(*fragment);
    return anchor == anchors_.end() ? std::nullopt : std::optional(anchor->second);
  }

  std::optional<Index> follow(std::string_view pointer, Index at) {
    while (!pointer.empty()) {
      pointer.remove_prefix(1);
      const std::string_view step = pointer.substr(0, pointer.find('/'));
      pointer.remove_prefix(step.size());
      const auto& inside = members(at);
      const auto found = inside.find(pointer_step(step));
      if (found == inside.end()) return std::nullopt;
      at = found->second;
    }
    const Type type = tree_.type(at);
    return type == Type::kObject || type == Type::kBoolean ? std::optional(at) : std::nullopt;
  }

  // The members of an object by name, or the elements of an array by index. Built on first use.
  const std::unordered_map<std::string, Index>& members(Index at) {
    const auto [entry, is_new] = members_.try_emplace(at);
    if (!is_new) return entry->second;
    std::size_t number = 0;
    for (Index child = Tree::first(at); child < tree_.end(at); child = tree_.end(child))
      entry->second.emplace(
          tree_.type(at) == Type::kArray ? std::to_string(number++) : tree_.key(child), child);
    return entry->second;
  }

  const Tree& tree_;
  std::vector<Index> parents_;    // the container of each value
  std::vector<Index> resources_;  // the nearest object with an $id around each value, else the root
  std::vector<Index> found_;      // references
  std::unordered_map<std::string, Index> anchors_;
  std::unordered_map<std::string, Index> identities_;
  std::unordered_map<Index, std::unordered_map<std::string, Index>> members_;
};

// Detects chains of references that lead into a cycle and never to a schema.
class Circles {
 public:
  explicit Circles(const std::unordered_map<Index, Index>& targets) : targets_(targets) {}

  bool has(Index at) {
    std::vector<Index> path;
    bool result = false;
    for (;;) {
      if (const auto known = known_.find(at); known != known_.end()) {
        result = known->second;
        break;
      }
      known_[at] = true;  // until the end is known: to reach `at` again means a cycle
      path.push_back(at);
      const auto next = targets_.find(at);
      if (next == targets_.end()) break;
      at = next->second;
    }
    for (const Index passed : path) known_[passed] = result;
    return result;
  }

 private:
  const std::unordered_map<Index, Index>& targets_;
  std::unordered_map<Index, bool> known_;
};

}  // namespace

SchemaReferences::SchemaReferences(const Tree& tree, std::size_t most)
    : targets_(Finder(tree).targets()) {
  const std::unordered_map<Index, Index> all = targets_;
  Circles circles(all);
  std::erase_if(targets_, [&circles](const auto& entry) { return circles.has(entry.second); });
  const std::vector<Index> places = targets();
  if (places.size() <= most) return;
  std::erase_if(targets_,
                [&places, most](const auto& entry) { return entry.second >= places[most]; });
}

bool SchemaReferences::is_keyword(std::string_view name) {
  return name == "$ref" || name == "$dynamicRef" || name == "$recursiveRef";
}

std::optional<Index> SchemaReferences::target(Index at) const {
  const auto found = targets_.find(at);
  return found == targets_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Index> SchemaReferences::targets() const {
  std::vector<Index> all;
  for (const auto& [at, target] : targets_) all.push_back(target);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace sidecar::endpoints
