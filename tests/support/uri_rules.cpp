// Applies session::normalized_url() or session::UriRules to the URIs on stdin, one a line, for
// tests that compare them with other implementations:
//   uri-rules                         the normalised URI, or nothing
//   uri-rules allow|deny PATTERN...   "yes" or "no"
#include "session/uri_rules.hpp"

#include <iostream>
#include <string>
#include <string_view>

#include "session/normalized_url.hpp"

using namespace sidecar;

int main(int count, char** words) {
  auth::NameRules rules;
  const bool allow = count > 1 && std::string_view(words[1]) == "allow";
  (allow ? rules.allow : rules.deny).assign(words + std::min(count, 2), words + count);
  const session::UriRules uris(rules);
  for (std::string line; std::getline(std::cin, line);) {
    if (count > 1)
      std::cout << (uris.allows(line) ? "yes" : "no") << '\n';
    else
      std::cout << session::normalized_url(line).value_or("") << '\n';
  }
}
