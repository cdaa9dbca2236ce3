#include "config/masked_urls.hpp"

#include "support/catch.hpp"

using sidecar::config::masked_query;
using sidecar::config::masked_url;
using sidecar::config::masked_urls;

TEST_CASE("masked urls: user, password and query are replaced, the rest stays") {
  const struct {
    const char *text, *masked;
  } cases[] = {
      {"postgresql://audit:hunter2@db:5432/audit", "postgresql://***@db:5432/audit"},
      {"postgresql://audit@db/audit?password=hunter2&sslmode=require",
       "postgresql://***@db/audit?***"},
      {"https://token@host/a", "https://***@host/a"},
      {"https://idp/keys?code=hunter2#x=hunter2", "https://idp/keys?***"},
      {"https://idp/keys#hunter2", "https://idp/keys#***"},
      {"https://idp/keys;jsessionid=hunter2/p", "https://idp/keys;***"},
      {"https://[::1]:8080/a?b", "https://[::1]:8080/a?***"},
      {"npx server postgres://u:p@h/d --x redis://:hunter2@r and on",
       "npx server postgres://***@h/d --x redis://***@r and on"},
      {"HTTPS://u:hunter2@h", "HTTPS://***@h"},
      {"sqlserver://h:1433;user=u;password=hunter2 on", "sqlserver://h:1433;*** on"},
  };
  for (const auto& [text, masked] : cases) CHECK(masked_urls(text) == masked);
}

TEST_CASE("masked urls: text without credentials stays as it is") {
  for (const char* text :
       {"", "node dist/index.js", "sqlite:a.db", "sqlite:/data/a.db", "://", "https://",
        "https://host:8080/a/b", "https://[::1]:8080", "https://unpkg.com/@scope/name@1.2",
        "http://localhost:${PORT}/", "a@b.example", "postgresql://db/audit",
        "npx -y @scope/name@1.2 server@latest --port 80 http://h/ 'a b' \"c d\" e\\ f",
        "http://localhost:8080/sse --package server@latest", "https://h/a?", "C:\\a\\b", "get_?;*",
        "https://a.example,https://b.example:8080"})
    CHECK(masked_urls(text) == text);
  CHECK(masked_url("auto,https://a.example,https://b.example:8080") ==
        "auto,https://a.example,https://b.example:8080");
}

TEST_CASE("masked urls: a password that is not percent-encoded is masked with all around it") {
  for (const char* text :
       {"postgresql://u:hunter2/hunter2@h/d", "postgresql://u:hunter2?hunter2@h/d",
        "postgresql://u:hunter2#hunter2@h/d", "postgresql://u:hunter2@hunter2@h/d",
        "https://u:hunter2/hunter2@h/d", "https://u:x@hunter2/hunter2@h/d",
        "https://u:hunter2 hunter2@h/d", "https://u:p@h/?a=b&token=hunter2;key=hunter2",
        "x://u:hunter2\thunter2@h", "https://u:12/hunter2@h/", "postgres://user:12 hunter2@h/db",
        "https://u:12/3 hunter2@h/"})
    CHECK(masked_urls(text).find("hunter2") == std::string::npos);
  CHECK(masked_urls("https://u:12345/678@h/") == "https://***@h/");
  CHECK(masked_urls("postgres://user:12 34@h/db on") == "postgres://***@h/db on");
}

TEST_CASE("masked urls: credentials of a URL that is mistyped are masked too") {
  for (const char* text : {"u:hunter2@id.example/jwks",
                           ":hunter2@h",
                           "//u:hunter2@h",
                           "//hunter2@h",
                           "https:\\/\\/u:hunter2@h/p?q=hunter2",
                           "https:/u:hunter2@h/",
                           "HTTPS:\\\\u:hunter2@h\\",
                           "postgresql:u:hunter2@h/db",
                           "u:p@h/jwks?token=hunter2",
                           "u:p@h/jwks;token=hunter2",
                           "a http://first/ u:hunter2@h b",
                           "'unterminated https://u:hunter2@h",
                           "http://u:\\\nhunter2@h",
                           "--url=u:hunter2@h",
                           "\"https://u:p@h/a?x=a hunter2&y\" tail",
                           "--url='https://h/a?x=a hunter2' tail",
                           "{\"url\":\"https://u:hunter2@h\",\"b\":1}",
                           "https://a.example,https://u:hunter2@b",
                           "u:hunter2@a,https://b",
                           "https://h/p?redirect=https://u:hunter2@h2",
                           "postgres://u:hunter2://hunter2@h"})
    CHECK(masked_urls(text).find("hunter2") == std::string::npos);
  CHECK(masked_urls("x \"https://h/a?x=a b\" tail") == "x \"https://h/a?*** tail");
}

TEST_CASE("masked urls: where only a URL is meant, whatever could be a credential is masked") {
  const struct {
    const char *text, *masked;
  } cases[] = {
      {"hunter2@idp.example/jwks", "***@idp.example/jwks"},
      {"idp.example/jwks?token=hunter2", "idp.example/jwks?***"},
      {"u:hunter2 hunter2@idp.example", "***@idp.example"},
      {"https://idp.example/a?b=hunter2 hunter2", "https://idp.example/a?***"},
      {"https://idp.example:8080/jwks", "https://idp.example:8080/jwks"},
      {"/etc/keys.json", "/etc/keys.json"},
  };
  for (const auto& [text, masked] : cases) CHECK(masked_url(text) == masked);
}

TEST_CASE("masked urls: of a path all behind the first mark of a query is masked") {
  CHECK(masked_query("/a@b/c?key=hunter2&x") == "/a@b/c?***");
  CHECK(masked_query("/a#hunter2") == "/a#***");
  CHECK(masked_query("/a") == "/a");
}
