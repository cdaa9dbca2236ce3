// Randomness that nobody can guess: session ids, error ids.
#pragma once

#include <cstddef>
#include <string>

namespace sidecar {

// `bytes` (256 at most) random bytes from the operating system as lower-case hex (two characters a
// byte). Aborts when the operating system has no randomness: nothing safe can be done then.
std::string random_hex(std::size_t bytes);

}  // namespace sidecar
