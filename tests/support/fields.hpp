// Header fields as tests write and read them.
#pragma once

#include <string>
#include <string_view>

#include "http/head_fields.hpp"

namespace sidecar::test {

// The first field of that name, compared without case; empty if there is none.
inline std::string field_of(const Fields& fields, std::string_view name) {
  for (const Field& field : fields) {
    if (http::same_name(field.name, name)) return field.value;
  }
  return "";
}

inline http::HeadFields head_fields(const Fields& fields) {
  http::HeadFields in_one_piece;
  for (const Field& field : fields) in_one_piece.add(field.name, field.value);
  return in_one_piece;
}

}  // namespace sidecar::test
