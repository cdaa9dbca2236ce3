#include "config/secrets.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace sidecar::config;

namespace {

// Strings as the kernel passes them to main().
class Strings {
 public:
  Strings(std::initializer_list<const char*> texts) : texts_(texts.begin(), texts.end()) {
    for (std::string& text : texts_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
  }
  char* const* get() const { return pointers_.data(); }
  const std::string& operator[](std::size_t at) const { return texts_[at]; }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

std::string nul(std::size_t count) { return std::string(count, '\0'); }

}  // namespace

TEST_CASE("secrets: the values of secret variables become NUL; other values and all names stay") {
  const Strings environment{"PATH=/bin",
                            "MCP_API_KEYS=a:b",
                            "MCP_API_KEY=",
                            "SDP_API_KEYS=x",
                            "MCP_AUDIT_HASH_KEY=hush",
                            "MCP_AUDIT_DB=postgresql://u:p@h/d",
                            "MCP_API_KEYS_FILE=/k",
                            "MCP_API_KEYS2=y",
                            "ODD"};
  overwrite_secrets(environment.get(), Strings{"mcp-sidecar"}.get());
  CHECK(environment[0] == "PATH=/bin");
  CHECK(environment[1] == "MCP_API_KEYS=" + nul(3));
  CHECK(environment[2] == "MCP_API_KEY=");
  CHECK(environment[3] == "SDP_API_KEYS=" + nul(1));
  CHECK(environment[4] == "MCP_AUDIT_HASH_KEY=" + nul(4));
  CHECK(environment[5] == "MCP_AUDIT_DB=" + nul(20));
  CHECK(environment[6] == "MCP_API_KEYS_FILE=" + nul(2));
  CHECK(environment[7] == "MCP_API_KEYS2=y");
  CHECK(environment[8] == "ODD");
}

TEST_CASE("secrets: the values of secret flags become NUL in both forms; words after -- stay") {
  const Strings arguments{
      "mcp-sidecar", "--api-keys", "hush", "--port",     "1",  "--audit-hash-key=hush",
      "--api-keys",  "--",         "node", "--api-keys", "own"};
  overwrite_secrets(Strings{}.get(), arguments.get());
  CHECK(arguments[2] == nul(4));
  CHECK(arguments[4] == "1");
  CHECK(arguments[5] == "--audit-hash-key=" + nul(4));
  CHECK(arguments[7] == "--");
  CHECK(arguments[10] == "own");
}

TEST_CASE("secrets: the values of variables in the command of --stdio become NUL, the rest stays") {
  const Strings arguments{"mcp-sidecar", "--stdio", "TOKEN=hush node 'a b'", "--stdio=A='hush' b"};
  overwrite_secrets(Strings{}.get(), arguments.get());
  CHECK(arguments[2] == "TOKEN=" + nul(4) + " node 'a b'");
  CHECK(arguments[3] == "--stdio=A=" + nul(6) + " b");
}

TEST_CASE("secrets: a text is shown without the values of every secret setting") {
  Settings settings;
  for (const Setting& setting : settings_table()) {
    if (setting.secret != Secret::kYes) continue;
    CAPTURE(setting.name);
    const bool url = setting.name == "MCP_AUDIT_DB";
    const std::string value =
        url ? "postgresql://me:hush-hush-hush-hush-hush@h/d" : "hush-hush-hush-hush-hush";
    REQUIRE(setting.field.parse(setting.name, value, settings));
    CHECK(without_secrets("Error: (hush-hush-hush-hush-hush) is wrong", settings) ==
          "Error: (***) is wrong");
    settings = Settings{};
  }
}

TEST_CASE("secrets: of several the longest is masked first, and short ones are none") {
  Settings settings;
  settings.access.keys = {{"a", "abc", false}, {"b", "word", false}, {"c", "wordword", false}};
  settings.access.jwks = "https://token@keys.example/jwks";
  CHECK(without_secrets("abc wordword word https://token@x", settings) ==
        "abc *** *** https://***@x");
  CHECK(without_secrets("", settings).empty());
}
