// Any bytes are either a keys file or a one-line error that contains no hash. A parsed file can be
// written and parsed again.
#include "access/keys_file.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include "config/keys.hpp"
#include "fuzz/require.hpp"

using namespace sidecar;
using fuzz::require;

namespace {

bool has_long_hex(std::string_view text) {
  std::size_t run = 0;
  for (const char c : text) {
    run = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ? run + 1 : 0;
    if (run == 64) return true;
  }
  return false;
}

void check_patterns(const auth::NameRules& rules) {
  for (const auto* list : {&rules.allow, &rules.deny}) {
    for (const std::string& pattern : *list) {
      require(!pattern.empty() && pattern.find('\0') == std::string::npos, "a pattern is a text");
      static_cast<void>(rules.allows(pattern));
    }
  }
  require(rules.empty() || !rules.allows(std::string_view("a\0b", 3)),
          "a name with NUL fits no rule");
}

void check_key(const access::StoredKey& key) {
  require(config::is_key_name(key.name), "a key has a name");
  require(key.permissions != nullptr, "a key has permissions");
  if (key.expires) {
    const auto again = access::parse_time(access::time_text(*key.expires));
    require(again && *again == *key.expires, "a time that is written is read again");
  }
  for (const auto* rules :
       {&key.permissions->tools, &key.permissions->resources, &key.permissions->prompts})
    check_patterns(*rules);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(access::parse_time(text));
  const auto keys = access::parse_keys_file(text);
  if (!keys) {
    require(!keys.error().message.empty(), "an error says something");
    require(keys.error().message.find('\n') == std::string::npos, "an error is one line");
    require(!has_long_hex(keys.error().message), "an error tells no hash");
    return 0;
  }
  require(keys->size() <= config::kMaxKeys, "the keys are within their limit");
  for (const access::StoredKey& key : *keys) check_key(key);

  const std::string written = access::keys_file_text(*keys);
  const auto again = access::parse_keys_file(written);
  require(again && again->size() == keys->size(), "what was read can be written and read again");
  for (std::size_t i = 0; i < keys->size(); ++i) {
    const access::StoredKey& before = (*keys)[i];
    const access::StoredKey& after = (*again)[i];
    require(before.name == after.name && before.hash == after.hash &&
                before.expires == after.expires && *before.permissions == *after.permissions,
            "what was written is what was read");
  }
  require(access::keys_file_text(*again) == written, "it is always written in the same way");
  return 0;
}
