// A normalised URI is in normal form. No URI that the rules allow leaves the allowed folder or
// enters the denied one when it is normalised.
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.hpp"
#include "session/normalized_url.hpp"
#include "session/uri_rules.hpp"

using namespace sidecar;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auth::NameRules kAll{{"*"}, {}}, kFolder{{"file:///public/*"}, {}},
      kSecret{{}, {"file:///s/*"}};
  static const session::UriRules all(kAll), folder(kFolder), secret(kSecret);
  const std::string_view uri(reinterpret_cast<const char*>(data), size);

  const auto url = session::normalized_url(uri);
  if (url)
    require(session::normalized_url(*url) == url, "a normalised URI is in normal form", *url);
  if (!all.allows(uri)) {
    require(!folder.allows(uri), "a URI that no pattern may fit fits none", uri);
    require(!secret.allows(uri), "nor is it allowed where it is not denied", uri);
    return 0;
  }
  require(url.has_value(), "what is allowed can be normalised", uri);
  require(!folder.allows(uri) || url->starts_with("file:///public/"),
          "what is allowed stays in the folder", uri);
  require(!secret.allows(uri) || !url->starts_with("file:///s/"), "what is denied is not allowed",
          uri);
  // Any text is a valid pattern.
  const auth::NameRules own{{std::string(uri)}, {}};
  session::UriRules(own).allows(uri);
  return 0;
}
