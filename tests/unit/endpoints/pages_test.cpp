#include "endpoints/ops/pages.hpp"

#include "unit/endpoints/world.hpp"

using namespace sidecar;
using test::ask;

namespace {

using namespace std::string_view_literals;

// kHtml and kStyle, compressed by gzip.
constexpr std::string_view kHtml = "<p>Hello, page</p>\n";
constexpr std::string_view kStyle = "body{}";
constexpr std::string_view kHtmlGzipped =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xb3\x29\xb0\xf3\x48\xcd\xc9\xc9\xd7\x51\x28\x48\x4c\x4f\xb5\xd1\x2f\xb0\xe3\x02\x00\x24\xae\xba\xaa\x13\x00\x00\x00"sv;
constexpr std::string_view kStyleGzipped =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xca\x4f\xa9\xac\xae\x05\x00\x59\x71\x87\xe2\x06\x00\x00\x00"sv;

constexpr std::string_view kStylePath = "/assets/style-12345678.css";
constexpr endpoints::EmbeddedPage kFiles[] = {
    {"/", "text/html; charset=utf-8", "aaaa", kHtmlGzipped, kHtml.size()},
    {"/docs", "text/html; charset=utf-8", "bbbb", kHtmlGzipped, kHtml.size()},
    {kStylePath, "text/css; charset=utf-8", "cccc", kStyleGzipped, kStyle.size()},
    {"/assets/broken-12345678.css", "text/css; charset=utf-8", "dddd", kStyleGzipped.substr(0, 15),
     kStyle.size()},
    {"/assets/larger-12345678.css", "text/css; charset=utf-8", "eeee", kStyleGzipped,
     kStyle.size() - 1},
};

struct PagesWorld {
  std::shared_ptr<test::Outcome> get(std::string_view path, Fields fields = {}) {
    return ask(pages.routes(), "GET", path, {}, {}, std::move(fields));
  }
  endpoints::Pages pages{kFiles};
};

}  // namespace

TEST_CASE("pages: a client that accepts gzip gets the stored bytes, any other the inflated file") {
  PagesWorld w;
  const auto gzipped = w.get("/", {{"Accept-Encoding", "br;q=1.0, GZIP;q=0.8, *;q=0"}});
  CHECK(gzipped->reply().status == 200);
  CHECK(gzipped->reply().lasting_body == kHtmlGzipped);
  CHECK(gzipped->reply().content_type == "text/html; charset=utf-8");
  CHECK(gzipped->field("Content-Encoding") == "gzip");
  CHECK(gzipped->field("ETag") == "\"aaaa-gzip\"");
  CHECK(gzipped->field("Vary") == "Accept, Accept-Encoding");
  CHECK(gzipped->field("Cache-Control") == "no-cache");

  for (const char* coding :
       {"", "identity", "br", "gzip;q=0", "*;q=0", "gzip; q=0.000, *", "gzipped"}) {
    INFO(coding);
    const auto plain = *coding == '\0' ? w.get("/") : w.get("/", {{"Accept-Encoding", coding}});
    CHECK(plain->reply().lasting_body == kHtml);
    CHECK(plain->field("Content-Encoding").empty());
    CHECK(plain->field("ETag") == "\"aaaa\"");
    CHECK(plain->field("Vary") == "Accept, Accept-Encoding");
  }
  CHECK(w.get("/", {{"Accept-Encoding", "*"}})->field("Content-Encoding") == "gzip");
  CHECK(w.get("/", {{"Accept-Encoding", "br"}, {"Accept-Encoding", "gzip"}})
            ->field("Content-Encoding") == "gzip");
}

TEST_CASE("pages: assets are cached for ever, pages are revalidated") {
  PagesWorld w;
  CHECK(w.get(kStylePath)->reply().lasting_body == kStyle);
  CHECK(w.get(kStylePath)->reply().content_type == "text/css; charset=utf-8");
  CHECK(w.get(kStylePath)->field("Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(w.get("/docs")->field("Cache-Control") == "no-cache");
  CHECK(w.get("/docs")->field("Vary") == "Accept-Encoding");
}

TEST_CASE("pages: a matching ETag gets 304, per coding") {
  PagesWorld w;
  for (const char* tags : {"\"aaaa\"", "W/\"aaaa\"", "\"x\", \"aaaa\"", "*"}) {
    INFO(tags);
    const auto answer = w.get("/", {{"If-None-Match", tags}});
    CHECK(answer->reply().status == 304);
    CHECK(answer->reply().body_size() == 0);
    CHECK(answer->field("ETag") == "\"aaaa\"");
    CHECK(answer->field("Cache-Control") == "no-cache");
  }
  CHECK(w.get("/", {{"If-None-Match", "\"bbbb\""}})->reply().status == 200);
  CHECK(w.get("/", {{"If-None-Match", "\"aaaa-gzip\""}})->reply().status == 200);
  CHECK(w.get("/", {{"If-None-Match", "\"aaaa-gzip\""}, {"Accept-Encoding", "gzip"}})
            ->reply()
            .status == 304);
}

TEST_CASE("pages: unknown asset paths get 404") {
  PagesWorld w;
  for (const char* path : {"/assets/", "/assets/style-12345678", "/assets/../", "/assets//docs",
                           "/assets/style-12345678.css/"}) {
    INFO(path);
    CHECK(w.get(path)->reply().status == 404);
  }
}

TEST_CASE("pages: a file that does not inflate to its size throws, and is not sent") {
  PagesWorld w;
  for (const char* path : {"/assets/broken-12345678.css", "/assets/larger-12345678.css"}) {
    INFO(path);
    CHECK_THROWS_AS(w.get(path), std::runtime_error);
    CHECK(w.get(path, {{"Accept-Encoding", "gzip"}})->reply().status == 200);
  }
}

TEST_CASE("pages: a build without pages answers 404 with instructions") {
  endpoints::Pages pages({});
  for (const char* path : {"/", "/docs", "/assets/a"}) {
    const auto outcome = ask(pages.routes(), "GET", path);
    CHECK(outcome->reply().status == 404);
    CHECK(outcome->reply().body.find("SIDECAR_PAGES=ON") != std::string::npos);
  }
}

TEST_CASE("pages: the embedded pages are complete, if there are any") {
  const auto files = endpoints::embedded_pages();
  if (files.empty()) return;
  endpoints::Pages pages(files);
  for (const endpoints::EmbeddedPage& file : files) {
    INFO(file.path);
    const auto plain = ask(pages.routes(), "GET", file.path);
    CHECK(plain->reply().status == 200);
    CHECK(plain->reply().lasting_body.size() == file.size);
    CHECK(file.gzipped.size() < file.size + 64);
    CHECK(file.tag.size() == 32);
  }
  for (const char* path : {"/", "/docs"}) {
    const auto page = ask(pages.routes(), "GET", path);
    CHECK(page->reply().content_type == "text/html; charset=utf-8");
    CHECK(page->reply().lasting_body.find("<html") != std::string_view::npos);
  }
}
