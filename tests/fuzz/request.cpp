// The request reader and the engine behind it. The first byte of the input chooses how the rest is
// split. Checks: every split gives the same requests, each request is within the limits, and the
// engine renders one answer for each.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/require.hpp"
#include "http/engine.hpp"
#include "http/request_reader.hpp"

namespace {

using namespace sidecar;
using fuzz::require;
using http::RequestReader;

const http::Limits& limits() {
  static const http::Limits small = [] {
    http::Limits chosen;
    chosen.head_bytes = 1024;
    chosen.header_count = 10;
    chosen.body_bytes = 2000;
    return chosen;
  }();
  return small;
}

class Recorder : public http::Exchange::Backend {
 public:
  explicit Recorder(http::EngineCall*& call) : call_(call) {}
  void reply(http::Response response) override { call_->answer = std::move(response); }
  std::unique_ptr<http::SseStream> open_sse(Fields, http::SseOptions) override { return nullptr; }
  void set_reply_fields(Fields) override {}
  void on_abandoned(std::function<void()>) override {}

 private:
  http::EngineCall*& call_;
};

void serve(http::Request request) {
  static observe::Log log = observe::make_null_log();
  static observe::Metrics metrics;
  static const auto echo = [](http::Exchange exchange) {
    http::Response response;
    response.body = exchange.take_body();
    const http::HeadFields& fields = exchange.request().fields;
    for (std::size_t i = 0; i < fields.size(); ++i)
      response.fields.push_back({std::string(fields[i].name), std::string(fields[i].value)});
    exchange.reply(std::move(response));
  };
  static http::Engine engine({{"POST", "/a", "a", {}, echo},
                              {"GET", "/a", "a", {}, echo},
                              {"POST", "/m/*", "m", {}, echo}},
                             log, metrics);
  static http::EngineCall* current = nullptr;
  static const ReplyFields none;
  http::RouteMatch route = engine.match(request);
  http::EngineCall call{.request = std::move(request),
                        .route = std::move(route),
                        .backend = std::make_unique<Recorder>(current),
                        .reply_fields = none};
  current = &call;
  engine.serve(call);
  if (call.answer) {
    require(call.answer->status == 204, "only an answer without body is left to the connection");
  } else {
    require(call.rendered.starts_with("HTTP/1.1 "), "an answer begins with its status line");
    require(call.status < 500, "no request is an internal error");
  }
}

void check(const http::Request& request, bool was_served) {
  require(request.body.size() <= limits().body_bytes, "the body is within its limit");
  require(!was_served || request.body.capacity() - request.body.size() >= 64,
          "there is padding behind the body");
  require(request.fields.size() <= limits().header_count, "the fields are within their limit");
  require(request.path == "*" || request.path.starts_with('/'), "the path is absolute");
  require(request.path.find('\0') == std::string::npos, "no NUL in the path");
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    require(
        request.fields[i].value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
        "no line end in a value");
  }
}

std::string summary(const http::Request& request) {
  std::string text = request.method + ' ' + request.path + '?' + request.query + '\n';
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    const auto [name, value] = request.fields[i];
    text.append(name).append(":").append(value).append("\n");
  }
  return text + '\n' + request.body;
}

// The requests that a connection reads from `text` in pieces of `step` bytes.
std::vector<std::string> read(std::string_view text, std::size_t step) {
  std::vector<std::string> requests;
  auto reader = std::make_unique<RequestReader>(limits());
  while (!text.empty()) {
    std::string_view input = text.substr(0, step);
    text.remove_prefix(input.size());
    for (bool more = true; more;) {
      switch (reader->read(input)) {
        case RequestReader::Progress::kMore:
          require(input.empty(), "an incomplete request takes all input");
          require(reader->held_bytes() <= limits().body_bytes + limits().head_bytes + step,
                  "what is held is bounded");
          more = false;
          break;
        case RequestReader::Progress::kHead:
          check(reader->request(), false);
          break;
        case RequestReader::Progress::kDone:
          check(reader->request(), true);
          requests.push_back(summary(reader->request()));
          serve(std::move(reader->request()));
          reader = std::make_unique<RequestReader>(limits());
          more = !input.empty();
          break;
        case RequestReader::Progress::kRefused:
          require(reader->refusal().status >= 400 && !reader->refusal().why.empty(),
                  "a refusal has a status and a reason");
          return requests;
      }
    }
  }
  return requests;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<std::string> whole = read(text, text.size());
  const std::vector<std::string> split = read(text, data[0] % 64 + 1u);
  // A refusal may come earlier if the bytes arrive in pieces: only then is the frame of a chunk
  // limited.
  require(split.size() <= whole.size() && std::equal(split.begin(), split.end(), whole.begin()),
          "the split does not change what is read");
  return 0;
}
