// Escaped: text that a terminal or a viewer of logs shows instead of obeying it. No state.
#pragma once

#include <string>
#include <string_view>

namespace sidecar {

// Control characters (C0 and DEL, but for line ends; C1), separators of lines and paragraphs and
// marks that turn the direction of writing become \u001b, bytes that are not UTF-8 \x9b. The rest
// stays.
std::string escaped(std::string_view text);

}  // namespace sidecar
