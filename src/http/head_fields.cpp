#include "http/head_fields.hpp"

#include <algorithm>

namespace sidecar::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// One of 64 kinds of names, by size and first letter, regardless of case.
std::uint64_t kind(std::string_view name) {
  const std::size_t letter = name.empty() ? 0 : static_cast<unsigned char>(name.front()) % 32;
  return std::uint64_t{1} << ((name.size() * 8 + letter) % 64);
}

}  // namespace

// Not Beast's iequals: that of 1.81 reads one byte behind a text that differs in its last letter.
bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return x == y || lower(x) == lower(y);
         });
}

void HeadFields::reserve(std::size_t fields, std::size_t bytes) {
  places_.reserve(fields);
  text_.reserve(bytes);
}

std::uint32_t HeadFields::keep(std::string_view text) {
  const auto offset = static_cast<std::uint32_t>(text_.size());
  text_.insert(text_.end(), text.begin(), text.end());
  return offset;
}

void HeadFields::add(std::string_view name, std::string_view value) {
  kinds_ |= kind(name);
  const std::uint32_t name_at = keep(name);
  const std::uint32_t value_at = keep(value);
  places_.push_back({name_at, static_cast<std::uint32_t>(name.size()), value_at,
                     static_cast<std::uint32_t>(value.size())});
}

void HeadFields::set_value(std::size_t index, std::string_view value) {
  places_[index].value = keep(value);
  places_[index].value_size = static_cast<std::uint32_t>(value.size());
}

HeadFields::View HeadFields::operator[](std::size_t index) const {
  const Place& place = places_[index];
  return {{text_.data() + place.name, place.name_size},
          {text_.data() + place.value, place.value_size}};
}

std::optional<std::string_view> HeadFields::find(std::string_view name) const {
  const std::size_t found = next(name, 0);
  if (found == size()) return std::nullopt;
  return (*this)[found].value;
}

std::size_t HeadFields::next(std::string_view name, std::size_t from) const {
  if ((kinds_ & kind(name)) == 0) return size();
  while (from < size() && !same_name((*this)[from].name, name)) ++from;
  return from;
}

}  // namespace sidecar::http
