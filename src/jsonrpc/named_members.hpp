// NamedMembers: the positions of a few members of one object, found while a text is walked, and
// whether JSON readers could disagree on them. Part of parse() and of the readers of read.hpp.
// No state beyond one walk; any thread.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jsonrpc/member_names.hpp"
#include "jsonrpc/read.hpp"
#include "jsonrpc/walk.hpp"

namespace sidecar::jsonrpc {

// The visitor for a member that is an object; `name` is the index of the member in the list.
struct Inside {
  static constexpr std::size_t kNoName = ~std::size_t{0};

  std::size_t name = kNoName;
  Visitor* visitor = nullptr;
};

// Records the positions of some members of an object. Remembers the first duplicate, and the first
// member whose name reads like one of the given names.
class NamedMembers : public Visitor {
 public:
  // kMessage: every duplicate member is an error, and so is a snake case spelling of a name (the
  // official Python SDK accepts both spellings). kValue: only the given names are checked.
  enum class Of { kMessage, kValue };

  // Records positions for the first places.size() names; for the others only seen() is known.
  // `names` (at most 64) and `places` outlive the visitor.
  NamedMembers(std::span<const std::string_view> names, std::span<Span> places, Of of,
               Inside first = {}, Inside second = {})
      : names_(names), places_(places), of_(of), inside_{first, second} {
    assert(names.size() <= 64);
  }

  Visitor* enter(std::string_view name) override {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] != name) continue;
      if (seen(i) && duplicate_.empty()) duplicate_ = names_[i];
      seen_ |= std::uint64_t{1} << i;
      entered_ = i;
      return inside_[0].name == i   ? inside_[0].visitor
             : inside_[1].name == i ? inside_[1].visitor
                                    : nullptr;
    }
    entered_ = Inside::kNoName;
    other(name);
    return nullptr;
  }

  void leave(Span value) override {
    if (entered_ < places_.size()) places_[entered_] = value;
  }

  bool seen(std::size_t name) const { return (seen_ >> name & 1) != 0; }
  // No error is possible; the usual case. Otherwise the two *_text() functions decide.
  bool clean() const { return duplicate_.empty() && imitated_.empty() && others_.size() < 2; }
  // A name that occurs twice, and a name that another member's name reads like; empty: none.
  std::string_view duplicate() const { return duplicate_; }
  std::string_view imitated() const { return imitated_; }

  // Why the object is refused, in one line; empty: it is not. `object`: the text that was walked.
  std::string duplicate_text(std::string_view object);
  std::string imitation_text() const;

 private:
  void other(std::string_view name) {
    if (of_ == Of::kMessage) others_.push_back(std::hash<std::string_view>{}(name));
    if (!imitated_.empty()) return;
    for (const std::string_view known : names_) {
      if (!reads_like(name, known, of_ == Of::kMessage)) continue;
      imitated_ = known;
      imitation_ = name;
      return;
    }
  }

  const std::span<const std::string_view> names_;
  const std::span<Span> places_;
  const Of of_;
  const std::array<Inside, 2> inside_;
  std::size_t entered_ = Inside::kNoName;  // index of the member entered last
  std::uint64_t seen_ = 0;                 // one bit per name
  std::string_view duplicate_;
  std::string_view imitated_;
  std::string imitation_;
  std::vector<std::size_t> others_;  // hashes of names that are not in names_
};

// find_members() with a choice of strictness.
Result<void> find_named(const std::string& text, Span within,
                        std::span<const std::string_view> names, std::span<Span> places,
                        NamedMembers::Of of);

// `wanted`: "object" or "array".
Error error_of(const WalkFault& fault, std::string_view wanted);

// The beginning of a name, as a JSON string.
std::string shown(std::string_view name);

}  // namespace sidecar::jsonrpc
