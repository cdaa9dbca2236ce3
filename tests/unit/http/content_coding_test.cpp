// Bodies with a content coding or a byte order mark.
#include "http/content_coding.hpp"

#include <zlib.h>

#include "unit/http/world.hpp"

using namespace sidecar;
using namespace sidecar::test;

namespace {

std::string gzip(std::string_view text) {
  constexpr int kGzip = 16;
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, 9,
                       Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  std::string in(text);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// The same file, which claims another size of its text.
std::string claiming(std::string gzipped, std::uint32_t size) {
  for (std::size_t i = 0; i < 4; ++i)
    gzipped[gzipped.size() - 4 + i] = static_cast<char>(size >> (8 * i));
  return gzipped;
}

http::Head with_coding(const Fields& fields) {
  http::Head head;
  head.fields = head_fields(fields);
  return head;
}

const std::string kGzipped = "Content-Encoding: gzip\r\n";
const std::string kText = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";

}  // namespace

TEST_CASE("content coding: gzip once, under both of its names; identity counts for nothing") {
  using http::BodyCoding;
  const auto of = [](std::string_view value) {
    return http::body_coding(with_coding({{"content-encoding", std::string(value)}}));
  };
  CHECK(http::body_coding(with_coding({})) == BodyCoding::kIdentity);
  for (const char* value : {"", "identity", "Identity ,", " , "})
    CHECK(of(value) == BodyCoding::kIdentity);
  for (const char* value : {"gzip", "x-GZIP", "identity, gzip", "gzip\t,identity"})
    CHECK(of(value) == BodyCoding::kGzip);
  for (const char* value : {"br", "deflate", "zstd", "gzip, gzip", "gzip, br", "gzip;q=1", "*"})
    CHECK(of(value) == BodyCoding::kUnsupported);
  CHECK(http::body_coding(with_coding({{"Content-Encoding", "gzip"},
                                       {"Content-Encoding", "br"}})) == BodyCoding::kUnsupported);
}

TEST_CASE("gzip: a file is inflated up to the limit and no further, whatever size it claims") {
  const std::string text(100'000, 'x');
  const std::string file = gzip(text);
  CHECK(http::claimed_size(file) == text.size());
  const auto whole = http::inflated(file, text.size());
  REQUIRE(whole);
  CHECK((*whole == text));
  CHECK(whole->capacity() >= text.size() + http::kBodyPadding);
  CHECK(http::inflated(file, text.size() - 1).error() == http::GzipFault::kTooLarge);
  for (const std::uint32_t claim : {0U, 1U, 50'000U, 99'999U}) {
    INFO(claim);
    CHECK(http::inflated(claiming(file, claim), 99'999).error() == http::GzipFault::kTooLarge);
    CHECK(http::inflated(claiming(file, claim), 200'000).error() == http::GzipFault::kMalformed);
  }
  CHECK(http::inflated(claiming(file, 100'001), 200'000).error() == http::GzipFault::kMalformed);
  CHECK(http::inflated(gzip(""), 0).value().empty());
}

TEST_CASE("gzip: several members are one text; a truncated file or other bytes are malformed") {
  const std::string two = gzip("hello") + gzip("") + gzip(", world");
  CHECK(http::inflated(two, 12).value() == "hello, world");
  CHECK(http::inflated(two, 11).error() == http::GzipFault::kTooLarge);
  const std::string file = gzip("hello, hello, hello");
  for (std::size_t size = 0; size < file.size(); ++size) {
    INFO(size);
    const auto truncated = http::inflated(file.substr(0, size), 1 << 30);
    REQUIRE_FALSE(truncated);
    // The last bytes of a truncated file are a claim at random.
    const bool claims_more = http::claimed_size(file.substr(0, size)) > 1 << 30;
    CHECK(truncated.error() ==
          (claims_more ? http::GzipFault::kTooLarge : http::GzipFault::kMalformed));
  }
  CHECK(http::inflated(file + '\0', 1000).error() == http::GzipFault::kMalformed);
  CHECK(http::inflated(std::string(100, '\0'), 1000).error() == http::GzipFault::kMalformed);
}

TEST_CASE("http: a gzipped body arrives inflated, also in chunks, and the connection goes on") {
  Site site;
  std::size_t capacity = 0;
  site.route("POST", "/padded", [&capacity](http::Exchange exchange) {
    const std::string body = exchange.take_body();
    capacity = body.capacity() - body.size();
    exchange.reply(text_response(body));
  });
  site.start();
  Client client = site.client();
  const std::string file = gzip(kText);
  CHECK(site.ask(client, post("/echo", file, kGzipped)).body == kText);
  CHECK(site.ask(client, post("/padded", file, kGzipped)).body == kText);
  CHECK(capacity >= 64);
  const std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + kGzipped + "\r\n";
  std::string chunks;
  for (const char byte : file) chunks.append("1\r\n").append(1, byte).append("\r\n");
  CHECK(site.ask(client, chunked + chunks + "0\r\n\r\n").body == kText);
  CHECK(site.ask(client, chunked + "0\r\n\r\n").body.empty());
  CHECK(site.ask(client, post("/echo", "", kGzipped)).body.empty());
  CHECK(site.ask(client, post("/echo", kText, "Content-Encoding: identity\r\n")).body == kText);
  CHECK(site.ask(client, get("/hello", "Content-Encoding: br\r\n")).body == "hello");
  const auto malformed = site.ask(client, post("/echo", kText, kGzipped));
  CHECK(malformed.status == 400);
  CHECK(malformed.body.find("not valid gzip") != std::string::npos);
  CHECK(site.ask(client, get("/hello")).body == "hello");
  CHECK(site.sample("mcp_sidecar_buffered_bytes") == 0);
  CHECK(site.sample("mcp_sidecar_refused_total{reason=\"bad_request\"}") == 1);
}

TEST_CASE("http: a gzipped body counts inflated against the limit of bodies") {
  Site site;
  site.limits.body_bytes = 1 << 20;
  site.start();
  Client client = site.client();
  const std::string most(1 << 20, 'x');
  CHECK((site.ask(client, post("/echo", gzip(most), kGzipped)).body == most));
  const std::string bomb = gzip(std::string(10 << 20, '\0'));
  CHECK(bomb.size() < 11'000);
  for (const std::string& file : {gzip(most + 'x'), bomb, claiming(bomb, 10), claiming(bomb, 0)}) {
    const auto refused = site.ask(client, post("/echo", file, kGzipped));
    CHECK(refused.status == 413);
    CHECK(refused.field("Connection").empty());
  }
  CHECK(site.ask(client, get("/hello")).body == "hello");
  CHECK(site.sample("mcp_sidecar_refused_total{reason=\"too_large\"}") == 4);
  CHECK(site.sample("mcp_sidecar_http_requests_total{endpoint=\"/echo\",status=\"413\"}") == 4);
}

TEST_CASE("http: a gzipped body counts inflated against the budget") {
  Site site;
  site.buffered_bytes = 300'000;
  site.start();
  Client holding = site.client();
  site.send_all(holding, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 250000\r\n\r\n" +
                             std::string(200'000, 'x'));
  REQUIRE(site.until([&] { return site.sample("mcp_sidecar_buffered_bytes") >= 200'000; }));
  Client client = site.client();
  for (const std::string& file :
       {gzip(std::string(200'000, 'y')), claiming(gzip(std::string(200'000, 'y')), 1)}) {
    const auto refused = site.ask(client, post("/echo", file, kGzipped));
    // The second file is malformed, which is known before its bytes are counted.
    CHECK(refused.status == (http::claimed_size(file) == 1 ? 400 : 503));
  }
  CHECK(site.ask(client, post("/echo", gzip(kText), kGzipped)).body == kText);
}

TEST_CASE("http: another coding is refused before the body is read, with those that are taken") {
  Site site;
  site.start();
  for (const char* coding : {"br", "deflate", "gzip, gzip", "zstd"}) {
    INFO(coding);
    Client client = site.client();
    const auto refused = site.ask(client,
                                  "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n"
                                  "Expect: 100-continue\r\nContent-Encoding: " +
                                      std::string(coding) + "\r\n\r\n");
    CHECK(refused.status == 415);
    CHECK(refused.field("Accept-Encoding") == "gzip, identity");
    CHECK(site.until_ended(client));
  }
  CHECK(site.ask(post("/nothing", "x", "Content-Encoding: br\r\n")).status == 404);
}

TEST_CASE("http: a byte order mark at the start of a body is skipped, once") {
  Site site;
  site.start();
  const std::string mark = "\xEF\xBB\xBF";
  CHECK(site.ask(post("/echo", mark + kText)).body == kText);
  CHECK(site.ask(post("/echo", gzip(mark + kText), kGzipped)).body == kText);
  CHECK(site.ask(post("/echo", mark + mark + kText)).body == mark + kText);
  CHECK(site.ask(post("/echo", mark)).body.empty());
  CHECK(site.ask(post("/echo", "x" + mark)).body == "x" + mark);
  CHECK(site.ask(post("/echo", mark.substr(0, 2))).body == mark.substr(0, 2));
}
