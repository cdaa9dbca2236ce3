#include "jsonrpc/named_members.hpp"

#include <algorithm>
#include <utility>

#include "jsonrpc/message.hpp"

namespace sidecar::jsonrpc {
namespace {

// Finds the member name that has a given hash.
class NameOf : public Visitor {
 public:
  explicit NameOf(std::size_t hash) : hash_(hash) {}

  Visitor* enter(std::string_view name) override {
    if (std::hash<std::string_view>{}(name) == hash_) name_ = name;
    return nullptr;
  }
  void leave(Span) override {}

  const std::string& name() const { return name_; }

 private:
  const std::size_t hash_;
  std::string name_;
};

}  // namespace

std::string NamedMembers::duplicate_text(std::string_view object) {
  if (!duplicate_.empty()) return "duplicate member " + shown(duplicate_);
  std::sort(others_.begin(), others_.end());
  const auto twice = std::adjacent_find(others_.begin(), others_.end());
  if (twice == others_.end()) return {};
  NameOf name(*twice);
  walk(object, &name, nullptr);
  return "duplicate member " + shown(name.name());
}

std::string NamedMembers::imitation_text() const {
  if (imitated_.empty()) return {};
  return "ambiguous member " + shown(imitation_) + ": some JSON readers take it for " +
         shown(imitated_);
}

Result<void> find_named(const std::string& text, Span within,
                        std::span<const std::string_view> names, std::span<Span> places,
                        NamedMembers::Of of) {
  NamedMembers named(names, places, of);
  const std::string_view object = within.in(text);
  if (const auto fault = walk(object, &named, nullptr))
    return tl::unexpected(error_of(*fault, "object"));
  if (!named.clean()) {
    std::string problem = named.duplicate_text(object);
    if (problem.empty()) problem = named.imitation_text();
    if (!problem.empty()) return fail(std::move(problem));
  }
  for (Span& place : places) {
    if (place) place.begin += within.begin;
  }
  return {};
}

Error error_of(const WalkFault& fault, std::string_view wanted) {
  if (fault.other_kind) return {"not a JSON " + std::string(wanted)};
  return {"not valid JSON: " + fault.problem};
}

std::string shown(std::string_view name) {
  constexpr std::size_t kMaxLength = 60;
  return string_token(name.substr(0, kMaxLength));
}

}  // namespace sidecar::jsonrpc
