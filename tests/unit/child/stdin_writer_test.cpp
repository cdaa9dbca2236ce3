#include "child/stdin_writer.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <fcntl.h>

#include "support/catch.hpp"

using namespace sidecar;
using child::LineNumber;
using child::StdinWriter;
using sidecar::UniqueFd;

namespace {

// A pipe of the smallest size, whose other end the test reads.
struct OtherEnd {
  explicit OtherEnd(std::size_t limit) {
    std::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    REQUIRE(::fcntl(ends[0], F_SETPIPE_SZ, 4096) == 4096);
    reading = UniqueFd(ends[0]);
    writer.emplace(
        loop, UniqueFd(ends[1]), limit, metrics, [this] { ++broken; },
        [this] {
          ++drained;
          if (when_drained) when_drained();
        });
  }
  // Reads exactly `size` bytes, running the loop meanwhile.
  std::string read(std::size_t size) {
    std::string text;
    while (text.size() < size) {
      loop.poll();
      char chunk[4096];
      const ssize_t got = ::read(reading.get(), chunk, std::min(sizeof chunk, size - text.size()));
      REQUIRE(got > 0);
      text.append(chunk, static_cast<std::size_t>(got));
    }
    loop.poll();
    return text;
  }
  bool low() const { return writer->waiting_bytes() < child::ChildLink::kLowWater; }
  double gauge() const { return metrics.child_stdin_queue_bytes.Value(); }

  boost::asio::io_context loop;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open{
      loop.get_executor()};
  observe::Metrics metrics;
  UniqueFd reading;
  int broken = 0;
  int drained = 0;
  std::function<void()> when_drained;
  std::optional<StdinWriter> writer;
};

}  // namespace

TEST_CASE("stdin_writer: lines are written in order with an LF each, however many wait") {
  OtherEnd end(1 << 20);
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string line =
        "line " + std::to_string(i) + std::string(static_cast<std::size_t>(i % 50), '.');
    CHECK(end.writer->push(line) == static_cast<LineNumber>(i + 1));
    expected += line + "\n";
  }
  CHECK(end.read(expected.size()) == expected);
  CHECK(end.writer->waiting_bytes() == 0);
  CHECK(end.gauge() == 0);
}

TEST_CASE("stdin_writer: a line larger than the pipe is written in pieces") {
  OtherEnd end(1 << 20);
  const std::string line(100'000, 'x');
  end.writer->push(line);
  end.writer->push("");
  end.writer->push("next");
  CHECK((end.read(100'000 + 1 + 1 + 5) == line + "\n\nnext\n"));
}

TEST_CASE("stdin_writer: a full queue refuses lines until some are written") {
  OtherEnd end(10'000);
  CHECK(end.writer->push(std::string(8'999, 'a')));
  end.loop.poll();
  CHECK(end.writer->waiting_bytes() == 9'000 - 4'096);
  CHECK(end.gauge() == 9'000 - 4'096);
  CHECK(end.writer->can_push(5'095));  // with its LF exactly up to the limit
  CHECK_FALSE(end.writer->can_push(5'096));
  CHECK_FALSE(end.writer->push(std::string(5'096, 'b')));
  end.read(9'000);
  CHECK(end.writer->push(std::string(5'096, 'b')) == 2);
}

TEST_CASE("stdin_writer: a line beyond the limit is accepted when nothing waits") {
  OtherEnd end(100);
  CHECK(end.writer->push(std::string(50'000, 'a')) == 1);
  CHECK_FALSE(end.writer->can_push(0));
  end.read(50'001);
  CHECK(end.writer->push("b") == 2);
}

TEST_CASE("stdin_writer: lines that were not completely written are returned with their numbers") {
  OtherEnd end(1 << 20);
  end.writer->push(std::string(1'000, 'a'));
  end.writer->push(std::string(10'000, 'b'));
  end.writer->push("c");
  end.loop.poll();
  end.writer->close();
  CHECK(end.gauge() == 0);
  CHECK_FALSE(end.writer->push("d"));
  CHECK_FALSE(end.writer->can_push(0));
  const auto unwritten = end.writer->take_unwritten();
  REQUIRE(unwritten.size() == 2);
  CHECK(unwritten[0].number == 2);
  CHECK(unwritten[0].line == std::string(10'000, 'b'));
  CHECK(unwritten[1].number == 3);
  CHECK(unwritten[1].line == "c");
}

TEST_CASE("stdin_writer: a line written in the turn of the close is not returned") {
  OtherEnd end(1 << 20);
  end.writer->push("read");
  end.loop.poll_one();
  end.writer->push("not any more");
  end.writer->close();
  end.loop.poll();
  char text[32];
  CHECK(::read(end.reading.get(), text, sizeof text) == 5);
  CHECK(::read(end.reading.get(), text, sizeof text) == 0);
  const auto unwritten = end.writer->take_unwritten();
  REQUIRE(unwritten.size() == 1);
  CHECK(unwritten[0].line == "not any more");
  CHECK(end.gauge() == 0);
}

TEST_CASE(
    "stdin_writer: on_broken is called once when the reader is gone, and lines are returned") {
  OtherEnd end(1 << 20);
  end.writer->push("read");
  end.read(5);
  end.reading.reset();
  CHECK(end.writer->push("lost") == 2);
  CHECK(end.writer->push("lost too") == 3);
  CHECK(end.broken == 0);
  end.loop.poll();
  CHECK(end.broken == 1);
  CHECK(end.writer->take_unwritten().size() == 2);
  CHECK_FALSE(end.writer->can_push(1));
  CHECK(end.gauge() == 0);
}

TEST_CASE("stdin_writer: on_drained is called once when fewer than 64 KB wait after more had") {
  OtherEnd end(1 << 20);
  end.writer->push(std::string(65'534, 'a'));
  CHECK(end.low());  // with its LF one byte below
  end.writer->push("");
  CHECK_FALSE(end.low());
  end.writer->push(std::string(9'999, 'b'));
  end.loop.poll();  // the pipe takes 4 KB
  CHECK_FALSE(end.low());
  CHECK(end.drained == 0);
  end.read(8'192);
  CHECK(end.low());
  CHECK(end.drained == 1);
  end.read(75'536 - 8'192);
  CHECK(end.drained == 1);
}

TEST_CASE("stdin_writer: on_drained is not called if never more than 64 KB waited") {
  OtherEnd end(1 << 20);
  end.writer->push(std::string(60'000, 'a'));
  end.read(60'001);
  CHECK(end.drained == 0);
}

TEST_CASE("stdin_writer: lines pushed in on_drained are written in order and fill it again") {
  OtherEnd end(1 << 20);
  end.when_drained = [&] {
    if (end.drained == 1) end.writer->push(std::string(70'000, 'b'));
  };
  end.writer->push(std::string(70'000, 'a'));
  CHECK((end.read(140'002) == std::string(70'000, 'a') + "\n" + std::string(70'000, 'b') + "\n"));
  CHECK(end.drained == 2);
}

TEST_CASE("stdin_writer: a close while much waits does not call on_drained") {
  OtherEnd end(1 << 20);
  end.writer->push(std::string(70'000, 'a'));
  end.writer->close();
  end.loop.poll();
  CHECK(end.drained == 0);
}
