// Header fields of HTTP messages, in the order in which they are written.
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

// What is added to an answer, whatever it will be.
struct ReplyFields {
  std::shared_ptr<const Fields> usual{};  // the same for one request after the other; null: none
  Fields own{};                           // of this request

  template <class Action>
  void for_each(Action&& action) const {
    if (usual != nullptr) {
      for (const Field& field : *usual) action(field);
    }
    for (const Field& field : own) action(field);
  }
};

}  // namespace sidecar
