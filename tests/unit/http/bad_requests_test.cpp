// Malformed and oversized requests: each gets its status (or a closed connection) and affects no
// other client.
#include "world.hpp"

namespace sidecar::test {
namespace {

constexpr int kClosed = 0;  // the connection ends without an answer
constexpr int kTimeout = 408;

struct Bad {
  const char* what;
  std::string bytes;
  int status;
  bool cut = false;  // the client closes its sending side afterwards
};

std::string repeat(std::string_view text, int times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

// The request line of a GET, then these lines.
std::string head(std::string_view lines) {
  return "GET /hello HTTP/1.1\r\n" + std::string(lines) + "\r\n";
}
// The request line as given, with a Host.
std::string line(std::string_view request_line) {
  return std::string(request_line) + "\r\nHost: x\r\n\r\n";
}
std::string chunked(std::string_view body) {
  return "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body);
}

const std::vector<Bad>& all_bad() {
  using namespace std::string_literals;
  static const std::vector<Bad> table = {
      // request line
      {"a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, 400},
      {"binary junk", "\xff\xfe\xfd\n\r\n"s, 400},
      {"only NUL bytes", std::string(100, '\0'), 400},
      {"a leading space", " GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"a leading colon", ": x\r\n\r\n", 400},
      {"words that are no request", "hello there, how are you\r\n\r\n", 400},
      {"one word", "GET\r\n\r\n", 400},
      {"no version (HTTP/0.9)", "GET /hello\r\n\r\n", 400},
      {"no target", line("GET HTTP/1.1"), 400},
      {"an empty target", line("GET  HTTP/1.1"), 400},
      {"two spaces before the target", line("GET  /hello HTTP/1.1"), 400},
      {"two spaces before the version", line("GET /hello  HTTP/1.1"), 400},
      {"a tab instead of a space", line("GET\t/hello HTTP/1.1"), 400},
      {"a space in the target", line("GET /hel lo HTTP/1.1"), 400},
      {"a space after the version", line("GET /hello HTTP/1.1 "), 400},
      {"text after the version", line("GET /hello HTTP/1.1 x"), 400},
      {"a NUL in the target", line("GET /he\0llo HTTP/1.1"s), 400},
      {"a control character in the target", line("GET /he\x01llo HTTP/1.1"), 400},
      {"a DEL in the target", line("GET /he\x7fllo HTTP/1.1"), 400},
      {"an escaped NUL", line("GET /hello%00 HTTP/1.1"), 400},
      {"a broken escape", line("GET /hello%zz HTTP/1.1"), 400},
      {"a cut escape", line("GET /hello%4 HTTP/1.1"), 400},
      {"a lone percent", line("GET /% HTTP/1.1"), 400},
      {"a relative target", line("GET hello HTTP/1.1"), 400},
      {"a fragment", line("GET /hello#part HTTP/1.1"), 400},
      {"a fragment in the query", line("GET /hello?a#part HTTP/1.1"), 400},
      {"an asterisk with GET", line("GET * HTTP/1.1"), 400},
      {"an asterisk and a path", line("OPTIONS */x HTTP/1.1"), 400},
      {"another scheme", line("GET ftp://x/hello HTTP/1.1"), 400},
      {"a scheme without authority", line("GET http:///hello HTTP/1.1"), 400},
      {"a user in the authority", line("GET http://me@x/hello HTTP/1.1"), 400},
      {"a backslash in the authority", line("GET http://x\\y/hello HTTP/1.1"), 400},
      {"an authority with GET", line("GET x:80 HTTP/1.1"), 400},
      {"a broken escape after an authority", line("GET http://x/%zz HTTP/1.1"), 400},
      {"CONNECT", line("CONNECT x:443 HTTP/1.1"), 501},
      {"TRACE", line("TRACE /hello HTTP/1.1"), 501},
      {"an unknown method", line("BREW /hello HTTP/1.1"), 501},
      {"a method in lower case", line("get /hello HTTP/1.1"), 501},
      {"a WebDAV method", line("PROPFIND /hello HTTP/1.1"), 501},
      {"a long unknown method", line(repeat("A", 1000) + " /hello HTTP/1.1"), 501},
      {"a method with a bad character", line("GE(T /hello HTTP/1.1"), 400},
      {"a method with a colon", line("GET: /hello HTTP/1.1"), 400},
      {"HTTP/2.0", line("GET /hello HTTP/2.0"), 505},
      {"HTTP/1.2", line("GET /hello HTTP/1.2"), 505},
      {"HTTP/0.9 in words", line("GET /hello HTTP/0.9"), 505},
      {"HTTP/9.9", line("GET /hello HTTP/9.9"), 505},
      {"the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP in lower case", line("GET /hello http/1.1"), 400},
      {"HTTPS as the protocol", line("GET /hello HTTPS/1.1"), 400},
      {"a version of one digit", line("GET /hello HTTP/1"), 400},
      {"a version of three digits", line("GET /hello HTTP/1.10"), 400},
      {"a version with a sign", line("GET /hello HTTP/+1.1"), 400},
      {"a version with a comma", line("GET /hello HTTP/1,1"), 400},
      {"an answer instead of a request", "HTTP/1.1 200 OK\r\nHost: x\r\n\r\n", 400},
      {"a target too long", line("GET /" + repeat("a", 9000) + " HTTP/1.1"), 414},
      {"a query too long", line("GET /hello?" + repeat("a", 9000) + " HTTP/1.1"), 414},
      {"a target that never ends", "GET /" + repeat("a", 20'000), 414},
      {"a target just too long", line("GET /" + repeat("a", 8192) + " HTTP/1.1"), 414},

      // lines and fields
      {"bare line feeds", "GET /hello HTTP/1.1\nHost: x\n\n", 400},
      {"one bare line feed in the fields", head("Host: x\nA: b\r\n"), 400},
      {"a bare line feed at the end", "GET /hello HTTP/1.1\r\nHost: x\r\n\n", 400},
      {"a bare CR in a value", head("Host: x\r\nA: b\rc\r\n"), 400},
      {"a bare CR ends a line", head("Host: x\rA: b\r\n"), 400},
      {"two CR", head("Host: x\r\r\n"), 400},
      {"a NUL in a value", head("Host: x\r\nA: b\0c\r\n"s), 400},
      {"a NUL in a name", head("Host: x\r\nA\0: b\r\n"s), 400},
      {"a control character in a value", head("Host: x\r\nA: b\x02\r\n"), 400},
      {"a DEL in a value", head("Host: x\r\nA: \x7f\r\n"), 400},
      {"a folded line", head("Host: x\r\nA: b\r\n c\r\n"), 400},
      {"a line folded with a tab", head("Host: x\r\nA: b\r\n\tc\r\n"), 400},
      {"a first field that is folded", head(" Host: x\r\n"), 400},
      {"a folded empty value", head("Host: x\r\nA:\r\n b\r\n"), 400},
      {"a space before the colon", head("Host : x\r\n"), 400},
      {"a tab before the colon", head("Host: x\r\nA\t: b\r\n"), 400},
      {"a field without colon", head("Host: x\r\nnothing\r\n"), 400},
      {"a field without name", head("Host: x\r\n: b\r\n"), 400},
      {"a space in a name", head("Host: x\r\nA B: c\r\n"), 400},
      {"a bad character in a name", head("Host: x\r\nA(B): c\r\n"), 400},
      {"a name beyond ASCII", head("Host: x\r\n\xc3\xa4: c\r\n"), 400},
      {"a head too large", head("Host: x\r\nA: " + repeat("a", 17'000) + "\r\n"), 431},
      {"a head just too large", head("Host: x\r\nA: " + repeat("a", 16'384 - 36) + "\r\n"), 431},
      {"a name that never ends", "GET /hello HTTP/1.1\r\n" + repeat("a", 20'000), 431},
      {"fields without end",
       "GET /hello HTTP/1.1\r\n" + repeat("A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n", 90) +
           repeat("x", 16'000),
       431},
      {"too many fields", head("Host: x\r\n" + repeat("A: b\r\n", 100)), 431},
      {"too many empty fields", head("Host: x\r\n" + repeat("A:\r\n", 2000)), 431},

      // Host
      {"no Host", head("A: b\r\n"), 400},
      {"two Hosts", head("Host: x\r\nHost: x\r\n"), 400},
      {"two Hosts of different case", head("Host: x\r\nhOST: y\r\n"), 400},
      {"two Hosts with HTTP/1.0", "GET /hello HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"a space in the Host", head("Host: x y\r\n"), 400},
      {"a path in the Host", head("Host: x/y\r\n"), 400},
      {"a user in the Host", head("Host: me@x\r\n"), 400},
      {"a list as Host", head("Host: x?y\r\n"), 400},
      {"a Host beyond ASCII", head("Host: \xc3\xa4\r\n"), 400},
      {"no Host with an absolute target", "GET http://x/hello HTTP/1.1\r\n\r\n", 400},

      // body length
      {"Content-Length and Transfer-Encoding",
       "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n",
       400},
      {"Transfer-Encoding and Content-Length",
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: "
       "3\r\n\r\n0\r\n\r\n",
       400},
      {"an unknown coding and Content-Length",
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\nContent-Length: 3\r\n\r\nabc",
       400},
      {"two lengths that differ", post("/echo", "abc", "Content-Length: 4\r\n"), 400},
      {"two lengths that agree", post("/echo", "abc", "Content-Length: 3\r\n"), 400},
      {"a list of lengths", head("Host: x\r\nContent-Length: 3, 3\r\n"), 400},
      {"a negative length", head("Host: x\r\nContent-Length: -1\r\n"), 400},
      {"a length with a sign", head("Host: x\r\nContent-Length: +1\r\n"), 400},
      {"a length in hex", head("Host: x\r\nContent-Length: 0x10\r\n"), 400},
      {"a length with a fraction", head("Host: x\r\nContent-Length: 1.0\r\n"), 400},
      {"a length in words", head("Host: x\r\nContent-Length: three\r\n"), 400},
      {"an empty length", head("Host: x\r\nContent-Length:\r\n"), 400},
      {"a length beyond 64 bits", head("Host: x\r\nContent-Length: 99999999999999999999999\r\n"),
       400},
      {"a huge length", head("Host: x\r\nContent-Length: 18446744073709551615\r\n"), 413},
      {"a length one beyond the limit",
       "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10001\r\n\r\n", 413},
      {"a body too large, all sent", post("/echo", repeat("a", 20'000)), 413},
      {"an unknown coding", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
       501},
      {"a coding before chunked",
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"chunked twice",
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501},
      {"identity", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", 501},
      {"a coding that looks like chunked",
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
      {"an empty coding", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n\r\n", 501},
      {"a quoted coding",
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", 501},
      {"two Transfer-Encodings",
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
       "chunked\r\n\r\n",
       400},
      {"chunked and then another coding",
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
       "gzip\r\n\r\n",
       400},
      {"chunked with HTTP/1.0",
       "POST /echo HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"an unknown expectation", post("/echo", "abc", "Expect: 200-ok\r\n"), 417},
      {"a broken Connection field", head("Host: x\r\nConnection: a b\r\n"), 400},

      // chunks
      {"a chunk without size", chunked("\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk size in words", chunked("xyz\r\nabc\r\n0\r\n\r\n"), 400},
      {"a negative chunk size", chunked("-3\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk size with 0x", chunked("0x3\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk size beyond 64 bits", chunked("fffffffffffffffff\r\nabc\r\n0\r\n\r\n"), 400},
      {"a chunk longer than its size", chunked("3\r\nabcd\r\n0\r\n\r\n"), 400},
      {"a chunk without CR LF", chunked("3\r\nabc0\r\n\r\n"), 400},
      {"a chunk line with a bare line feed", chunked("3\nabc\r\n0\r\n\r\n"), 400},
      {"a space before a chunk size", chunked(" 3\r\nabc\r\n0\r\n\r\n"), 400},
      {"junk after a chunk size", chunked("3 x\r\nabc\r\n0\r\n\r\n"), 400},
      {"a broken chunk extension", chunked("3;=\r\nabc\r\n0\r\n\r\n"), 400},
      {"a broken trailer", chunked("0\r\nbad trailer\r\n\r\n"), 400},
      {"a Content-Length among the trailers", chunked("0\r\nContent-Length: 3\r\n\r\n"), 400},
      {"a chunk too large", chunked("2711\r\n" + repeat("a", 10'001) + "\r\n0\r\n\r\n"), 413},
      {"many chunks, together too large",
       chunked(repeat("3e8\r\n" + repeat("a", 1000) + "\r\n", 11)), 413},
      {"a chunk extension without end", chunked("3;x=" + repeat("y", 30'000)), 431},
      {"trailers without end", chunked("0\r\n" + repeat("A: b\r\n", 5000)), 431},

      // cut off, or too slow
      {"nothing at all, cut off", "", kClosed, true},
      {"one byte, cut off", "G", kClosed, true},
      {"a head cut off", "GET /hello HTTP/1.1\r\nHost: x\r\n", kClosed, true},
      {"a body cut off", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", kClosed,
       true},
      {"a chunk cut off", chunked("5\r\nab"), kClosed, true},
      {"the last chunk cut off", chunked("2\r\nab\r\n0\r\n"), kClosed, true},
      {"one byte, then silence", "G", kTimeout},
      {"half a line end, then silence", "\r", kTimeout},
      {"a head without its end, then silence", "GET /hello HTTP/1.1\r\nHost: x\r\n", kTimeout},
      {"no body, then silence", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
       kTimeout},
      {"half a body, then silence", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
       kTimeout},
      {"half a chunk, then silence", chunked("5\r\nab"), kTimeout},
      {"no last chunk, then silence", chunked("2\r\nab\r\n"), kTimeout},
  };
  return table;
}

TEST_CASE(
    "http: each of more than 100 kinds of bad requests gets its status; the next client is "
    "served") {
  Site site;
  site.limits.body_bytes = 10'000;
  site.start();
  CHECK(all_bad().size() >= 100);
  for (const Bad& bad : all_bad()) {
    for (const bool bytewise : {false, true}) {
      if (bytewise && bad.bytes.size() > 2000) continue;
      INFO(bad.what << (bytewise ? ", byte by byte" : ""));
      Client client = site.client();
      if (bytewise) {
        for (const char byte : bad.bytes) {
          client.send({&byte, 1});
          site.turn();
        }
      } else {
        site.send_all(client, bad.bytes);
      }
      if (bad.cut) client.end_sending();
      if (bad.status == kTimeout) {
        site.turn();
        site.timers.advance(site.limits.receive_time - 1ms);
        site.turn();
        client.receive();
        CHECK(client.text().empty());
        site.timers.advance(1ms);
      }
      const Received answer = site.answer(client);
      CHECK(answer.status == bad.status);
      if (bad.status != kClosed) {
        CHECK(answer.field("Connection") == "close");
        CHECK(answer.field("Content-Type") == "application/json");
        CHECK(answer.body.find("\"error\":") != std::string::npos);
      }
      CHECK(site.until_ended(client));
      CHECK(client.text().empty());  // one answer, and nothing of what followed
      client.close();
      CHECK(site.ask(get("/hello")).body == "hello");
    }
  }
  CHECK(site.until([&] { return site.sample("mcp_sidecar_http_connections") == 0; }));
  CHECK(site.sample("mcp_sidecar_buffered_bytes") == 0);
  CHECK(site.sample("mcp_sidecar_refused_total{reason=\"receive_timeout\"}") > 0);
}

TEST_CASE("http: unusual but valid requests are served") {
  Site site;
  site.limits.body_bytes = 10'000;
  site.start();
  for (const std::string& request : {
           std::string("\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n"),
           std::string("GET /hello HTTP/1.1\r\nHost:\r\n\r\n"),
           std::string(
               "GET /hello HTTP/1.1\r\nhost:x\r\nA:\t b \t\r\nB:\r\nC: \xc3\xa4 \x80\r\n\r\n"),
           std::string("GET /hello HTTP/1.1\r\nHost: [::1]:3001\r\n\r\n"),
           std::string("GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
           std::string("GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
           "GET /hello HTTP/1.1\r\nHost: x\r\n" + repeat("A: b\r\n", 99) + "\r\n",
           "GET /hello?" + repeat("a", 8000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
           head("Host: x\r\nA: " + repeat("a", 16'384 - 37) + "\r\n"),
           std::string("GET /hello? HTTP/1.1\r\nHost: x\r\n\r\n"),
           std::string("GET /hello HTTP/1.0\r\n\r\n"),
           post("/echo", repeat("a", 10'000)),
           chunked("2710\r\n" + repeat("a", 10'000) + "\r\n0\r\n\r\n"),
           chunked("000003\r\nabc\r\n00\r\n\r\n"),
           chunked("0\r\n\r\n"),
       }) {
    INFO(request.substr(0, 80));
    CHECK(site.ask(request).status == 200);
  }
}

TEST_CASE("http: good requests before a bad one still get their answers") {
  Site site;
  site.start();
  Client client = site.client();
  client.send(get("/hello") + post("/echo", "two") + "junk\r\n\r\n" + get("/hello"));
  CHECK(site.answer(client).body == "hello");
  CHECK(site.answer(client).body == "two");
  CHECK(site.answer(client).status == 400);
  CHECK(site.until_ended(client));
  CHECK(client.text().empty());
}

}  // namespace
}  // namespace sidecar::test
