// The complete way of a request in one process: bytes on a connection → reader → gate → transports
// → sessions → multiplexer → a child that the fuzzer plays, and back. The first byte of the input
// chooses how the rest is split and how the child behaves. In the rest @KEY@ stands for a key,
// @MCP@ and @SSE@ for the ids of live sessions of that key.
//
// Checks: the output is well-formed HTTP. The child receives whole lines of valid JSON, with no
// member that some reader takes for another one; without the key it receives none, and no session
// is created. A well-behaved client is served afterwards. After some time nothing is left of the
// input.
#include "app/service.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/require.hpp"
#include "fuzz/spellings.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"
#include "util/crypto.hpp"

namespace {

using namespace sidecar;
using boost::asio::ip::tcp;
using fuzz::require;
using ErrorCode = boost::system::error_code;

std::string lower(std::string_view text) {
  std::string word(text);
  for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return word;
}

std::size_t number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  require(error == std::errc() && end == text.data() + text.size() && !text.empty(),
          "a length is a number", text);
  return value;
}

// Takes one answer off `rest`. The last answer may be incomplete: streams stay open, and
// connections are cut.
void take_answer(std::string_view& rest) {
  const std::string_view whole = rest;
  require(rest.starts_with("HTTP/1.1 ") || rest.starts_with("HTTP/1.0 "),
          "an answer begins with its status", rest);
  const std::size_t end = rest.find("\r\n\r\n");
  require(end != std::string_view::npos, "a head has an end", whole);
  std::string_view head = rest.substr(0, end + 2);
  rest.remove_prefix(end + 4);
  const std::size_t status = number(head.substr(9, 3), 10);
  require(status >= 100 && status < 600, "a status is one", whole);
  head.remove_prefix(head.find("\r\n") + 2);
  std::optional<std::size_t> length;
  bool chunked = false, stream = false;
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    const std::size_t colon = line.find(':');
    require(colon != std::string_view::npos && colon > 0, "a field has a name", whole);
    const std::string name = lower(line.substr(0, colon));
    for (const char c : line)
      require(static_cast<unsigned char>(c) >= ' ' && c != 0x7f, "no control in a field", whole);
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "content-length") {
      require(!length, "one length", whole);
      length = number(value, 10);
    }
    chunked = chunked || name == "transfer-encoding";
    stream = stream || (name == "content-type" && value.starts_with("text/event-stream"));
  }
  require(!(length && chunked), "a body has one kind of length", whole);
  // No body: by status, or because the request is a HEAD.
  if (status < 200 || status == 204 || status == 304 || rest.empty() ||
      rest.starts_with("HTTP/1.1 "))
    return;
  if (length) return rest.remove_prefix(std::min(*length, rest.size()));
  if (!chunked) {
    require(stream || rest.empty(), "a body has a length", whole);
    return rest.remove_prefix(rest.size());
  }
  while (!rest.empty()) {
    const std::size_t line = rest.find("\r\n");
    if (line == std::string_view::npos) return rest.remove_prefix(rest.size());
    const std::size_t size = number(rest.substr(0, line), 16);
    rest.remove_prefix(line + 2);
    if (rest.size() < size + 2) return rest.remove_prefix(rest.size());
    require(rest.substr(size, 2) == "\r\n", "a chunk ends where it says", whole);
    rest.remove_prefix(size + 2);
    if (size == 0) return;
  }
}

void check_answers(std::string_view received) {
  while (!received.empty()) take_answer(received);
}

enum class Mood { kAnswers, kTalks, kAsks, kSilent };

// Answers each line on the next turn of the loop.
class Child : public test::FakeLink {
 public:
  Child(boost::asio::io_context& loop, Mood& mood, std::size_t& heard, std::string name)
      : FakeLink(std::move(name)), loop_(loop), mood_(mood), heard_(heard) {}
  ~Child() override { *alive_ = false; }

  void start() override {
    FakeLink::start();
    later([this] { come_up(); });
  }
  void stop(std::function<void()> done) override {
    FakeLink::stop(std::move(done));
    later([this] { finish_stop(); });
  }
  std::optional<child::LineNumber> send(std::string line) override {
    require(line.find_first_of("\r\n") == std::string::npos, "a line is one line", line);
    const auto message = nlohmann::json::parse(line, nullptr, false);
    require(!message.is_discarded() && message.is_object(), "a line is one object", line);
    require(!fuzz::is_ambiguous(message), "no member of a line reads like another one", line);
    const bool notification = message.contains("method") && !message.contains("id");
    require(!notification || message["method"].get<std::string>().starts_with("notifications/"),
            "what has no id is a notification", line);
    later([this, message] { hear(message); });
    sent.clear();
    return FakeLink::send(std::move(line));
  }

 private:
  void hear(const nlohmann::json& message) {
    if (!up) return;
    const std::string method = message.value("method", "");
    const bool own =
        method == "initialize" || method == "notifications/initialized" || method == "ping";
    if (!own) ++heard_;
    if (method.empty() || !message.contains("id")) return;
    require(message["id"].is_number_unsigned(), "the child gets ids of the sidecar only");
    if (mood_ == Mood::kSilent && !own) return;
    if (mood_ == Mood::kTalks) talk(message);
    if (mood_ == Mood::kAsks && !own)
      say(R"({"jsonrpc":"2.0","id":"q\r\n","method":"sampling/createMessage","params":{"messages":[]}})");
    const nlohmann::json answer = {
        {"jsonrpc", "2.0"}, {"id", message["id"]}, {"result", result_of(method)}};
    if (up) say(answer.dump());
  }

  void talk(const nlohmann::json& message) {
    say("{ nonsense");
    say(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
    say(R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"a\r\n\r\ndata: b"}})");
    say(R"({"jsonrpc":"2.0","id":999999999,"result":{}})");
    if (message.contains("params") && message["params"].is_object() &&
        message["params"].contains("_meta") && message["params"]["_meta"].is_object() &&
        message["params"]["_meta"].contains("progressToken")) {
      const nlohmann::json progress = {
          {"jsonrpc", "2.0"},
          {"method", "notifications/progress"},
          {"params",
           {{"progressToken", message["params"]["_meta"]["progressToken"]}, {"progress", 1}}}};
      say(progress.dump());
    }
  }

  static nlohmann::json result_of(std::string_view method) {
    if (method == "initialize") {
      return {{"protocolVersion", "2025-11-25"},
              {"capabilities",
               {{"tools", {{"listChanged", true}}},
                {"resources", {{"subscribe", true}}},
                {"prompts", nlohmann::json::object()},
                {"logging", nlohmann::json::object()}}},
              {"serverInfo", {{"name", "fuzz"}, {"version", "1"}}}};
    }
    if (method == "tools/list")
      return {{"tools", {{{"name", "t"}, {"inputSchema", {{"type", "object"}}}}}}};
    return {{"content", {{{"type", "text"}, {"text", "done\r\n\r\ndata: x"}}}}};
  }

  void later(std::function<void()> action) {
    boost::asio::post(loop_, [alive = alive_, action = std::move(action)] {
      if (*alive) action();
    });
  }

  boost::asio::io_context& loop_;
  Mood& mood_;
  std::size_t& heard_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

config::Settings settings_for(const std::string& key) {
  config::Settings settings;
  settings.access.keys = {{"good", key}};
  settings.http.body_bytes = 64 << 10;
  settings.http.head_bytes = 4 << 10;
  settings.instances.max_dedicated = 2;
  settings.instances.client_roots = true;
  settings.access.rates.wrong_keys = {};
  settings.access.allowed_hosts = {"mcp.example.com"};
  return settings;
}

class World {
 public:
  World() {
    calls_.add(recent_);
    const auto bound = service_.server().listen("127.0.0.1", 0);
    require(bound.has_value(), "there is a port");
    endpoint_ = {boost::asio::ip::make_address("127.0.0.1"), *bound};
    service_.instances().start();  // without the keys file's timer of one second
    run();
  }

  void run() {
    do loop_.restart();
    while (loop_.poll() > 0);
  }

  tcp::socket connect() {
    tcp::socket socket(loop_);
    ErrorCode error;
    socket.connect(endpoint_, error);
    // libFuzzer's timer interrupts connect(); the connection is established all the same.
    while (error == boost::asio::error::interrupted) socket.wait(tcp::socket::wait_write, error);
    require(!error, "the port takes connections", error.message());
    socket.non_blocking(true);
    // a reset leaves no state in the kernel
    socket.set_option(boost::asio::socket_base::linger(true, 0));
    socket.set_option(tcp::no_delay(true));
    return socket;
  }

  // Appends to `received`. False at the end of the connection.
  bool read(tcp::socket& socket, std::string& received) {
    run();
    char buffer[16 << 10];
    for (;;) {
      ErrorCode error;
      const std::size_t size = socket.read_some(boost::asio::buffer(buffer), error);
      if (error == boost::asio::error::would_block) return true;
      if (error) return false;
      received.append(buffer, size);
      run();
    }
  }

  std::string exchange(std::string_view bytes, std::size_t step) {
    tcp::socket socket = connect();
    std::string received;
    while (!bytes.empty()) {
      ErrorCode error;
      const std::size_t size = socket.write_some(boost::asio::buffer(bytes.substr(0, step)), error);
      if (error && error != boost::asio::error::would_block) break;
      bytes.remove_prefix(error ? 0 : size);
      if (!read(socket, received)) break;
    }
    read(socket, received);
    ErrorCode ignored;
    socket.close(ignored);
    run();
    return received;
  }

  // Keeps its connection until the end of the input.
  std::string open_session(bool streamable) {
    held_.push_back(connect());
    const std::string body =
        R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"sampling":{}},"clientInfo":{"name":"f","version":"1"}}})";
    const std::string request =
        streamable
            ? "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: "
              "application/json, text/event-stream\r\nX-API-Key: " +
                  key_ + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body
            : "GET /sse HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " + key_ + "\r\n\r\n";
    boost::asio::write(held_.back(), boost::asio::buffer(request));
    std::string received;
    read(held_.back(), received);
    const std::string_view mark = streamable ? "Mcp-Session-Id: " : "sessionId=";
    const std::size_t at = received.find(mark);
    require(at != std::string::npos, "a good client gets a session", received);
    return received.substr(at + mark.size(), 32);
  }

  // The input with its placeholders replaced.
  std::string filled(std::string_view text) {
    std::string result;
    std::string mcp, sse;
    with_key_ = false;
    while (!text.empty()) {
      if (text.starts_with("@KEY@")) {
        result += key_;
        with_key_ = true;
      } else if (text.starts_with("@MCP@")) {
        if (mcp.empty()) mcp = open_session(true);
        result += mcp;
      } else if (text.starts_with("@SSE@")) {
        if (sse.empty()) sse = open_session(false);
        result += sse;
      } else {
        result += text.front();
        text.remove_prefix(1);
        continue;
      }
      text.remove_prefix(5);
    }
    return result;
  }

  void check_good_client() {
    mood = Mood::kAnswers;
    const std::size_t before = heard;
    const std::string body = R"({"name":"t","arguments":{}})";
    const std::string answer = exchange(
        "POST /call-tool HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
        "application/json\r\nX-API-Key: " +
            key_ + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
        1 << 16);
    require(
        answer.starts_with("HTTP/1.1 200 ") && answer.find("\"success\":true") != std::string::npos,
        "a good client is answered", answer);
    require(heard == before + 1, "his call reaches the child once");
  }

  void check_nothing_kept() {
    held_.clear();
    run();
    // In steps: a deadline that fires may set another one.
    for (int hour = 0; hour < 4; ++hour) {
      timers_.advance(std::chrono::hours(1));
      run();
    }
    require(service_.sessions().size() == 0, "no session is kept");
    require(service_.instances().in_flight() == 0, "no call is kept");
    require(service_.server().busy_connections() == 0, "no request is kept");
    require(metrics_.connections.Value() == 0, "no connection is kept");
    require(metrics_.buffered_bytes.Value() == 0, "no byte is kept");
    require(metrics_.server_requests.Value() == 0, "no question of the child is kept");
    require(metrics_.dedicated_children.Value() == 0, "no child is kept");
  }

  std::size_t sessions() const { return service_.sessions().size(); }
  bool with_key() const { return with_key_; }

  Mood mood = Mood::kAnswers;
  std::size_t heard = 0;  // lines that the child received on behalf of clients

 private:
  boost::asio::io_context loop_{1};
  test::ManualTimers timers_;
  observe::Log log_ = observe::make_null_log();
  observe::Metrics metrics_;
  const std::string key_ = random_hex(24);
  const config::Settings settings_ = settings_for(key_);
  observe::Calls calls_{timers_};
  observe::RecentCalls recent_;
  app::Service service_{
      settings_,
      {access::AddressSet::parse({"127.0.0.0/8", "10.0.0.0/8"}).value(),
       access::AddressSet::parse({"127.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"}).value()},
      {},
      [this](std::string name) {
        return std::make_unique<Child>(loop_, mood, heard, std::move(name));
      },
      {loop_, timers_, log_, metrics_, calls_, recent_}};
  tcp::endpoint endpoint_;
  std::vector<tcp::socket> held_;
  bool with_key_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static World& world = *new World;  // lives until the process ends
  world.mood = static_cast<Mood>(data[0] >> 6);
  const std::size_t step = data[0] % 64 == 0 ? size * 8 : data[0] % 64 * 7;
  const std::string bytes = world.filled({reinterpret_cast<const char*>(data) + 1, size - 1});
  const std::size_t heard = world.heard;
  const std::size_t sessions = world.sessions();
  check_answers(world.exchange(bytes, step));
  if (!world.with_key()) {
    require(world.heard == heard, "without a key nothing reaches the child");
    require(world.sessions() <= sessions, "without a key there is no session");
  }
  world.check_good_client();
  world.check_nothing_kept();
  return 0;
}
