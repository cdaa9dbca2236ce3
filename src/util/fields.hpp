// Header fields of HTTP messages, in the order in which they are written. Any thread.
// They lie here because http and access both use them and must not include each other.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace sidecar {

struct Field {
  std::string name;
  std::string value;
};
using Fields = std::vector<Field>;

// Fields that are added to every response to a request, whatever its status.
struct ReplyFields {
  std::shared_ptr<const Fields> usual{};  // shared, because most requests get the same; null: none
  Fields own{};                           // of this request only; written after `usual`

  template <class Action>
  void for_each(Action&& action) const {
    if (usual != nullptr) {
      for (const Field& field : *usual) action(field);
    }
    for (const Field& field : own) action(field);
  }
};

}  // namespace sidecar
