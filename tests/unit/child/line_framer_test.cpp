#include "child/line_framer.hpp"

#include <vector>

#include "support/catch.hpp"

using namespace sidecar::child;

namespace {

struct Lines : LineSink {
  struct TooLong {
    std::string first, last;
    std::size_t size;
  };
  void on_line(std::string line) override {
    CHECK(line.capacity() - line.size() >= LineFramer::kPadding);
    lines.push_back(std::move(line));
  }
  void on_line_too_long(std::string first, std::string last, std::size_t size) override {
    too_long.push_back({std::move(first), std::move(last), size});
  }
  std::vector<std::string> lines;
  std::vector<TooLong> too_long;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("line_framer: several lines in one piece are delivered one by one, without LF and CR") {
  Lines sink;
  LineFramer framer(100, sink);
  framer.feed("one\ntwo\r\n\n\r\nlast\rnot\n");
  CHECK(sink.lines == Texts{"one", "two", "", "", "last\rnot"});
  CHECK(framer.unfinished() == 0);
}

TEST_CASE("line_framer: a line in many pieces is delivered whole, whatever the pieces") {
  const std::string text = "{\"a\":1}\r\n" + std::string(500, 'x') + "\n\nend\n";
  Lines whole;
  LineFramer(1000, whole).feed(text);
  for (std::size_t size = 1; size < 40; ++size) {
    Lines sink;
    LineFramer framer(1000, sink);
    for (std::size_t at = 0; at < text.size(); at += size)
      framer.feed(std::string_view(text).substr(at, size));
    CHECK(sink.lines == whole.lines);
  }
}

TEST_CASE("line_framer: a line of many megabytes keeps every byte") {
  Lines sink;
  LineFramer framer(std::size_t{64} << 20, sink);
  std::string expected;
  for (int i = 0; i < 256; ++i) {
    const std::string piece(65'536, static_cast<char>('a' + i % 26));
    framer.feed(piece);
    expected += piece;
  }
  CHECK(sink.lines.empty());
  framer.feed("\n");
  REQUIRE(sink.lines.size() == 1);
  CHECK((sink.lines[0] == expected));
}

TEST_CASE("line_framer: after a large line, the next one reserves its size at once") {
  Lines sink;
  LineFramer framer(std::size_t{64} << 20, sink);
  const std::string piece(65'536, 'x');
  const auto feed_line = [&](int pieces) {
    for (int i = 0; i < pieces; ++i) framer.feed(piece);
    framer.feed("\n");
    return sink.lines.back().capacity();
  };
  CHECK(feed_line(50) > 51 * piece.size());  // grown by doubling
  const std::size_t room = feed_line(40);
  CHECK(room >= 50 * piece.size());
  CHECK(room < 51 * piece.size());
  CHECK(feed_line(2) < 8 * piece.size());  // a small line reserves none of it
  CHECK(sink.lines.size() == 3);
}

TEST_CASE("line_framer: a line of exactly the limit passes, one byte more is discarded") {
  Lines sink;
  LineFramer framer(10, sink);
  framer.feed("0123456789\n0123456789a\nshort\n");
  CHECK(sink.lines == Texts{"0123456789", "short"});
  REQUIRE(sink.too_long.size() == 1);
  CHECK(sink.too_long[0].first == "0123456789a");
  CHECK(sink.too_long[0].last == "0123456789a");
  CHECK(sink.too_long[0].size == 11);
}

TEST_CASE("line_framer: the first and last 4 KB and the size of a discarded line are reported") {
  const std::string head(4096, 'h');
  const std::string tail(4096, 't');
  const std::string text = head + std::string(100'000, '-') + tail + "\nnext\n";
  for (const std::size_t piece : {1UL, 7UL, 4096UL, 65'536UL, text.size()}) {
    Lines sink;
    LineFramer framer(20'000, sink);
    for (std::size_t at = 0; at < text.size(); at += piece)
      framer.feed(std::string_view(text).substr(at, piece));
    REQUIRE(sink.too_long.size() == 1);
    CHECK((sink.too_long[0].first == head));
    CHECK((sink.too_long[0].last == tail));
    CHECK(sink.too_long[0].size == 108'192);
    CHECK(sink.lines == Texts{"next"});
  }
}

TEST_CASE("line_framer: while a line is discarded, discarding() is true and bytes are counted") {
  Lines sink;
  LineFramer framer(4, sink);
  framer.feed("abc");
  CHECK_FALSE(framer.discarding());
  CHECK(framer.unfinished() == 3);
  framer.feed("defg");
  CHECK(framer.discarding());
  framer.feed("hij");
  CHECK(framer.unfinished() == 10);
  framer.feed("\n");
  CHECK_FALSE(framer.discarding());
  CHECK(framer.unfinished() == 0);
}

TEST_CASE("line_framer: finish() delivers an unfinished line, once") {
  Lines sink;
  LineFramer framer(100, sink);
  framer.feed("one\ntw");
  framer.feed("o");
  framer.finish();
  framer.finish();
  CHECK(sink.lines == Texts{"one", "two"});
}
