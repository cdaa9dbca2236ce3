// HeadFields: the header fields of one request, in the order in which they were received, in two
// allocations. Views are valid until a field is added or changed; they survive a move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sidecar::http {

// Whether two names (of fields, media types, codings) are equal, ignoring the case of ASCII
// letters.
bool same_name(std::string_view a, std::string_view b);

class HeadFields {
 public:
  struct View {
    std::string_view name;
    std::string_view value;  // as sent, trimmed; never percent-decoded
  };

  void reserve(std::size_t fields, std::size_t bytes);
  // All fields together: less than 4 GB.
  void add(std::string_view name, std::string_view value);
  void set_value(std::size_t index, std::string_view value);

  std::size_t size() const { return places_.size(); }
  View operator[](std::size_t index) const;
  // The value of the first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;

  // Calls `action` with the value of each field of that name.
  template <class Action>
  void for_each(std::string_view name, Action&& action) const {
    for (std::size_t i = next(name, 0); i < size(); i = next(name, i + 1)) action((*this)[i].value);
  }

 private:
  struct Place {
    std::uint32_t name = 0;  // offset in text_; so is `value`
    std::uint32_t name_size = 0;
    std::uint32_t value = 0;
    std::uint32_t value_size = 0;
  };
  std::uint32_t keep(std::string_view text);
  // The index of the first field of that name from `from` on; size(): none.
  std::size_t next(std::string_view name, std::size_t from) const;

  std::vector<char> text_;
  std::vector<Place> places_;
  std::uint64_t kinds_ = 0;  // one bit per kind of name present: rules out most absent names
};

}  // namespace sidecar::http
