#include "http/head_fields.hpp"

#include <boost/beast/core/string.hpp>

namespace sidecar::http {

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && boost::beast::iequals(a, b);
}

HeadFields::HeadFields(const Fields& fields) {
  for (const Field& field : fields) add(field.name, field.value);
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
  const std::uint32_t name_at = keep(name);
  const std::uint32_t value_at = keep(value);
  places_.push_back(
      {name_at, static_cast<std::uint32_t>(name.size()), value_at, static_cast<std::uint32_t>(value.size())});
}

void HeadFields::set_value(std::size_t index, std::string_view value) {
  places_[index].value = keep(value);
  places_[index].value_size = static_cast<std::uint32_t>(value.size());
}

HeadFields::View HeadFields::operator[](std::size_t index) const {
  const Place& place = places_[index];
  return {{text_.data() + place.name, place.name_size}, {text_.data() + place.value, place.value_size}};
}

std::optional<std::string_view> HeadFields::find(std::string_view name) const {
  for (std::size_t i = 0; i < size(); ++i) {
    const View field = (*this)[i];
    if (same_name(field.name, name)) return field.value;
  }
  return std::nullopt;
}

}  // namespace sidecar::http
