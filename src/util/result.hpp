// Result: a value, or an Error with a message of one line. For every failure that a client, the
// child, the network or the configuration can cause; never for our own bugs.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace sidecar {

struct Error {
  std::string message;  // one line, for people; without secrets
};

template <class T, class E = Error>
using Result = tl::expected<T, E>;

inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace sidecar
