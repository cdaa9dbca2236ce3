#include "config/masked_urls.hpp"

#include "support/catch.hpp"

using sidecar::config::masked_query;
using sidecar::config::masked_urls;

TEST_CASE("masked urls: user, password and the values of the query are replaced, the rest stays") {
  const struct {
    const char *text, *masked;
  } cases[] = {
      {"postgresql://audit:hunter2@db:5432/audit", "postgresql://***@db:5432/audit"},
      {"postgresql://audit@db/audit?password=hunter2&sslmode=require",
       "postgresql://***@db/audit?password=***&sslmode=***"},
      {"https://token@host/a", "https://***@host/a"},
      {"https://idp/keys?code=hunter2#x=hunter2", "https://idp/keys?code=***#x=***"},
      {"https://idp/keys?hunter2", "https://idp/keys?***"},
      {"https://[::1]:8080/a?b", "https://[::1]:8080/a?***"},
      {"npx server postgres://u:p@h/d --x redis://:hunter2@r and on",
       "npx server postgres://***@h/d --x redis://***@r and on"},
      {"HTTPS://u:hunter2@h", "HTTPS://***@h"},
  };
  for (const auto& [text, masked] : cases) CHECK(masked_urls(text) == masked);
}

TEST_CASE("masked urls: text without credentials stays as it is") {
  for (const char* text :
       {"", "node dist/index.js", "sqlite:a.db", "://", "https://", "https://host:8080/a@1/b#part",
        "https://[::1]:8080", "https://unpkg.com/@scope/name@1.2", "http://localhost:${PORT}/",
        "a@b.example", "postgresql://db/audit"})
    CHECK(masked_urls(text) == text);
}

TEST_CASE(
    "masked urls: a password that is not percent-encoded is masked with all that follows it") {
  for (const char* text :
       {"postgresql://u:hunter2/hunter2@h/d", "postgresql://u:hunter2?hunter2@h/d",
        "postgresql://u:hunter2#hunter2@h/d", "postgresql://u:hunter2@hunter2@h/d",
        "https://u:hunter2/hunter2@h/d", "https://u:x@hunter2/hunter2@h/d",
        "https://u:hunter2 hunter2@h/d", "https://u:p@h/?a=b&token=hunter2;key=hunter2",
        "x://u:hunter2\thunter2@h"})
    CHECK(masked_urls(text).find("hunter2") == std::string::npos);
}

TEST_CASE("masked urls: of a path only the query is masked") {
  CHECK(masked_query("/a@b/c?key=hunter2&x") == "/a@b/c?key=***&***");
  CHECK(masked_query("/a") == "/a");
}
