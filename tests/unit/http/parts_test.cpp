// The parts of the front end that need no socket.
#include <algorithm>
#include <fmt/format.h>

#include "http/engine.hpp"
#include "http/event_stream.hpp"
#include "http/output_queue.hpp"
#include "http/percent.hpp"
#include "http/request_reader.hpp"
#include "http/response_head.hpp"
#include "http/watchdog.hpp"
#include "support/catch.hpp"
#include "support/fields.hpp"
#include "support/manual_timers.hpp"

namespace sidecar::http {
namespace {

using namespace std::chrono_literals;

std::string gathered(const OutputQueue& queue, std::size_t most = std::string::npos) {
  OutputQueue::Buffers room;
  std::string text;
  for (const auto& buffer : queue.gather(room, most))
    text.append(static_cast<const char*>(buffer.data()), buffer.size());
  return text;
}

TEST_CASE("output queue: bytes come out in order, however few are taken at a time") {
  OutputQueue queue;
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    queue.push({std::to_string(i) + "<", std::string(static_cast<std::size_t>(i), 'b'), ">"});
    expected += std::to_string(i) + "<" + std::string(static_cast<std::size_t>(i), 'b') + ">";
  }
  CHECK(queue.bytes() == expected.size());
  std::string taken;
  for (std::size_t step = 1; !queue.empty(); step = step % 7 + 1) {
    const std::string next = gathered(queue, step);
    CHECK(next.size() == std::min(step, queue.bytes()));
    taken += next;
    queue.consume(next.size());
    if (taken.size() == 50) {
      queue.push({"late", {}, {}});
      expected += "late";
    }
  }
  CHECK(taken == expected);
  CHECK(gathered(queue).empty());
}

TEST_CASE(
    "output queue: bytes behind the piece being sent are counted; a lead joins the next piece") {
  OutputQueue queue;
  CHECK(queue.bytes_behind_first() == 0);
  queue.push({"head", {}, {}, true});
  CHECK(queue.only_lead());
  queue.push({"a", "bcd", "e"});
  CHECK_FALSE(queue.only_lead());
  CHECK(queue.bytes_behind_first() == 0);
  queue.consume(6);
  queue.push({"fgh", {}, {}});
  CHECK(queue.bytes_behind_first() == 3);
  CHECK(gathered(queue) == "cdefgh");
  queue.consume(3);
  CHECK(queue.bytes_behind_first() == 0);
  queue.push({});
  CHECK(queue.bytes() == 3);
}

TEST_CASE("output queue: static text is not counted as held, however much of it has been sent") {
  OutputQueue queue;
  CHECK(queue.held_bytes() == 0);
  queue.push({"head", "body", "static text"});
  queue.push({"h", {}, "more"});
  CHECK(queue.bytes() == 24);
  CHECK(queue.held_bytes() == 9);
  queue.consume(8);
  CHECK(queue.held_bytes() == 1);
  queue.consume(5);
  CHECK(queue.held_bytes() == 1);
  queue.consume(7);
  CHECK(queue.held_bytes() == 0);
  CHECK(gathered(queue) == "more");
  queue.consume(4);
  CHECK(queue.held_bytes() == 0);
  queue.push({"x", {}, {}});
  CHECK(queue.held_bytes() == 1);
}

TEST_CASE("response head: framing and fields, and nothing that would split it") {
  AnswerHead head{.status = 431, .content_type = "text/plain", .length = 3, .connection = "close"};
  CHECK(HeadWriter().render(head, {{"A", "b\tc"}, {"B", "x\ny"}, {"C\r", "z"}},
                            {.own = {{"D", "\xc3\xa4"}, {"connection", "keep-alive"}}}) ==
        "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: "
        "text/plain\r\nContent-Length: 3\r\n"
        "Connection: close\r\nA: b\tc\r\nD: \xc3\xa4\r\n\r\n");
  head = {.status = 200, .framing = Framing::kChunked};
  CHECK(HeadWriter().render(head, {}, {}) ==
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  HeadWriter heads;
  for (const char* value : {"a", "b", "b"}) {
    const Fields usual = {{"E", value}, {"Content-Length", "9"}};
    const AnswerHead bare{.framing = Framing::kNoBody};
    CHECK(heads.render(bare, {},
                       {.usual = std::make_shared<const Fields>(usual), .own = {{"F", "1"}}}) ==
          std::string("HTTP/1.1 200 OK\r\nE: ") + value + "\r\nF: 1\r\n\r\n");
  }
  CHECK(connection_value(11, true).empty());
  CHECK(connection_value(10, true) == "keep-alive");
  CHECK(connection_value(11, false) == "close");
}

TEST_CASE("event stream: a chunk's size is that of the event, small or large") {
  for (const std::size_t size : {0u, 1u, 1024u, 1025u, 100'000u}) {
    for (const bool with_names : {false, true}) {
      const std::string data(size, 'd');
      const Piece piece =
          event_piece(with_names ? "message" : "", data, with_names ? "41" : "", true);
      const std::string text = piece.head + piece.body + std::string(piece.tail);
      const std::string event =
          (with_names ? "id: 41\nevent: message\ndata: " : "data: ") + data + "\n\n";
      CHECK((text == fmt::format("{:x}\r\n{}\r\n", event.size(), event)));
      const Piece plain =
          event_piece(with_names ? "message" : "", data, with_names ? "41" : "", false);
      CHECK((plain.head + plain.body + std::string(plain.tail) == event));
    }
  }
  CHECK(stream_text("", true).empty());  // an empty chunk would end the stream
  CHECK(stream_text(": x\n\n", true) == "5\r\n: x\n\n\r\n");
}

TEST_CASE("head fields: views survive a move; changing a value leaves the others unchanged") {
  HeadFields fields = test::head_fields({{"Host", "a"}, {"X", ""}, {"x", "2"}});
  const std::string_view host = fields[0].value;
  HeadFields moved = std::move(fields);
  CHECK(host == "a");
  CHECK(host.data() == moved[0].value.data());
  moved.set_value(0, std::string(5000, 'h'));
  CHECK(moved.find("host") == std::string(5000, 'h'));
  CHECK(moved.find("X") == "");
  CHECK_FALSE(moved.find("x-none"));
  CHECK_FALSE(moved.find("Hose"));  // same size and first letter as Host
  CHECK_FALSE(moved.find(""));
  std::string all;
  moved.for_each("X",
                 [&all](std::string_view value) { all.append("<").append(value).append(">"); });
  CHECK(all == "<><2>");
}

TEST_CASE("percent: decoding reverses encoding; a malformed escape is refused") {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  CHECK(percent_decoded(percent_encoded(all)) == all);
  CHECK(percent_decoded("a+b") == "a+b");
  CHECK(percent_decoded("a+b", Plus::kSpace) == "a b");
  for (const char* broken : {"%", "%4", "%zz", "x%4g", "%%41"})
    CHECK_FALSE(percent_decoded(broken).has_value());
}

TEST_CASE("error response: the body is valid JSON whatever the message contains") {
  CHECK(error_response(404, "no \"x\"\n").body ==
        R"({"error":"Not Found","message":"no \"x\"\n"})");
  CHECK(error_response(429, "\xff").body ==
        "{\"error\":\"Too Many Requests\",\"message\":\"\xef\xbf\xbd\"}");
}

TEST_CASE(
    "watchdog: moving the deadline later costs no new timer, and it expires at the new time") {
  test::ManualTimers timers;
  int runs = 0;
  Watchdog watchdog(timers, [&] { ++runs; });
  watchdog.set(timers.now() + 10s);
  timers.advance(5s);
  watchdog.set(timers.now() + 10s);
  CHECK(timers.waiting() == 1);
  timers.advance(9s);
  CHECK(runs == 0);
  timers.advance(1s);
  CHECK(runs == 1);
  watchdog.set(timers.now() + 10s);
  watchdog.set(timers.now() + 1s);  // sooner
  timers.advance(1s);
  CHECK(runs == 2);
  watchdog.set(timers.now() + 1s);
  watchdog.set(Watchdog::kNever);
  timers.advance(1h);
  CHECK(runs == 2);
  CHECK(timers.waiting() == 0);
}

struct Outcome {
  std::vector<RequestReader::Progress> steps;
  std::string body;
  std::string rest;
  bool operator==(const Outcome&) const = default;
};

Outcome read_in_steps(std::string_view text, std::size_t step) {
  const Limits limits;
  RequestReader reader(limits);
  Outcome outcome;
  while (!text.empty()) {
    std::string_view input = text.substr(0, step);
    text.remove_prefix(input.size());
    for (;;) {
      const auto progress = reader.read(input);
      if (progress != RequestReader::Progress::kMore) outcome.steps.push_back(progress);
      if (progress == RequestReader::Progress::kHead) continue;
      if (progress == RequestReader::Progress::kMore) break;
      outcome.body = reader.request().body;
      outcome.rest = std::string(input) + std::string(text);
      return outcome;
    }
  }
  return outcome;
}

TEST_CASE(
    "request reader: any split of the bytes gives the same request and leaves the same rest") {
  for (const std::string_view text :
       {"\r\nPOST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbodyGET /next",
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
        "chunked\r\n\r\n2;a=b\r\nbo\r\n2\r\ndy\r\n0\r\nT: "
        "u\r\n\r\nGET /next",
        "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /next"}) {
    const Outcome whole = read_in_steps(text, text.size());
    CHECK(whole.rest == "GET /next");
    CHECK(whole.steps ==
          std::vector{RequestReader::Progress::kHead, RequestReader::Progress::kDone});
    for (std::size_t step = 1; step < text.size(); ++step)
      CHECK((read_in_steps(text, step) == whole));
  }
}

class Recorder : public Exchange::Backend {
 public:
  explicit Recorder(EngineCall*& call) : call_(call) {}
  void reply(Response response) override { call_->answer = std::move(response); }
  void drop() override { call_->dropped = true; }
  std::unique_ptr<SseStream> open_sse(Fields, SseOptions) override { return nullptr; }
  void set_reply_fields(Fields) override {}
  void on_abandoned(std::function<void()>) override {}

 private:
  EngineCall*& call_;
};

struct EngineWorld {
  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  ReplyFields reply_fields{.usual = std::make_shared<const Fields>(Fields{{"X-Reply", "1"}})};
  EngineCall* current = nullptr;

  EngineCall serve(std::vector<Route> routes, std::string method, std::string path,
                   std::string_view connection = "") {
    Engine engine(std::move(routes), log, metrics);
    EngineCall call{.request = {},
                    .route = {},
                    .backend = std::make_unique<Recorder>(current),
                    .reply_fields = reply_fields,
                    .connection = connection};
    call.request.method = std::move(method);
    call.request.path = std::move(path);
    call.route = engine.match(call.request);
    current = &call;
    engine.serve(call);
    CHECK(call.endpoint != nullptr);
    call.endpoint = nullptr;  // it ends with the engine
    return call;
  }
};

TEST_CASE(
    "engine: a small answer is rendered whole, with the Connection field and the verdict's "
    "fields") {
  EngineWorld world;
  const auto handler = [](Exchange exchange) {
    exchange.reply({.status = 201, .body = "{}", .fields = {{"Location", "/x"}}});
  };
  const EngineCall call = world.serve({{"GET", "/a", "a", {}, handler}}, "GET", "/a", "close");
  CHECK(call.status == 201);
  CHECK_FALSE(call.answer.has_value());
  CHECK(call.rendered.starts_with("HTTP/1.1 201 Created\r\n"));
  CHECK(call.rendered.ends_with("\r\n\r\n{}"));
  const std::string_view text = call.rendered;
  for (const char* line :
       {"\r\nConnection: close\r\n", "\r\nContent-Length: 2\r\n", "\r\nLocation: /x\r\n",
        "\r\nContent-Type: application/json\r\n", "\r\nX-Reply: 1\r\n"}) {
    CHECK(text.find(line) != std::string::npos);  // their order differs between httplib's versions
  }
  CHECK(std::count(text.begin(), text.end(), '\n') == 7);
  const EngineCall error = world.serve({{"GET", "/a", "a", {}, handler}}, "GET", "/%\x7f", "");
  CHECK(error.status == 404);
  CHECK(error.rendered.find("Connection:") ==
        std::string::npos);  // newer httplib versions close after errors
}

TEST_CASE("engine: large answers, bodiless ones and kept exchanges are left to the connection") {
  EngineWorld world;
  std::optional<Exchange> kept;
  const std::vector<Route> routes = {
      {"GET",
       "/large",
       "",
       {},
       [](Exchange e) { e.reply({.status = 200, .body = std::string(65'537, 'x')}); }},
      {"GET",
       "/limit",
       "",
       {},
       [](Exchange e) { e.reply({.status = 200, .body = std::string(65'536, 'x')}); }},
      {"GET", "/none", "", {}, [](Exchange e) { e.reply({.status = 204}); }},
      {"GET", "/kept", "", {}, [&](Exchange e) { kept.emplace(std::move(e)); }}};
  for (const char* path : {"/large", "/none"}) {
    const EngineCall call = world.serve(routes, "GET", path);
    CHECK(call.rendered.empty());
    CHECK(call.answer.has_value());
  }
  CHECK(world.serve(routes, "GET", "/limit").rendered.size() > 65'536);
  {
    const EngineCall call = world.serve(routes, "GET", "/kept");
    CHECK(call.rendered.empty());
    CHECK_FALSE(call.answer.has_value());
    EngineCall later{.request = {}, .route = {}, .backend = {}, .reply_fields = world.reply_fields};
    world.current = &later;
    kept.reset();
    CHECK(later.dropped);
  }
}

}  // namespace
}  // namespace sidecar::http
