// Plays tests/transcripts/*.txt, one promise of the protocol each, against the multiplexer.
//
//   # what is promised (the first line; other lines with # are comments)
//   A     > {…}       client A says this; a name that was not used before is a new session
//   A     < {…}       client A gets exactly this next
//   child < {…}       the child's stdin gets exactly this next
//   child > {…}       the child says this
//   child starts      the handshake, from initialize to notifications/initialized
//   child dies        with exit code 1; what it was sent it had read
//   A leaves          its stream broke
//   wait 300 s        time passes
//
// Nothing may be left over at the end. The handshake has wire id 1 and the calls go on from 2.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "mux/multiplexer.hpp"
#include "support/catch.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"

using namespace sidecar;

namespace {

constexpr const char* kServer =
    R"({"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true},"prompts":{}},"serverInfo":{"name":"s","version":"1"}})";

class Player {
 public:
  void play(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, title_);
    REQUIRE(title_.rfind("# ", 0) == 0);
    for (int number = 2; std::getline(in, line); ++number) {
      if (line.empty() || line[0] == '#') continue;
      INFO(file.filename().string() << ":" << number << " " << title_);
      step(line);
    }
    INFO(file.filename().string() << " at its end: " << title_);
    CHECK(link_.sent.empty());
    for (const auto& [name, client] : clients_) CHECK(client->heard.empty());
  }

 private:
  struct Client : mux::Client {
    void on_message(std::string text) override { heard.push_back(std::move(text)); }
    mux::ClientId id = 0;
    std::deque<std::string> heard;
  };

  // "A     > {…}" → name, direction, text; an empty direction: no such step.
  struct Speech {
    std::string name;
    char direction = 0;
    std::string text;
  };

  static Speech speech(const std::string& line) {
    const std::size_t arrow = line.find_first_of("<>");
    if (arrow == std::string::npos) return {};
    return {line.substr(0, line.find(' ')), line[arrow], line.substr(arrow + 2)};
  }

  void step(const std::string& line) {
    if (const Speech said = speech(line); said.direction != 0) {
      const bool says = said.direction == '>';
      if (said.name == "child") return says ? mux_.on_child_line(said.text) : expect(link_.sent, said.text);
      Client& client = find(said.name);
      return says ? say(client, said.text) : expect(client.heard, said.text);
    }
    if (line.starts_with("wait ")) return timers_.advance(std::chrono::seconds(std::stoi(line.substr(5))));
    if (line == "child starts") return start();
    if (line == "child dies") return die();
    if (line.ends_with(" leaves")) return mux_.remove(find(line.substr(0, line.find(' '))).id);
    FAIL("not a step of a transcript");
  }

  static void expect(std::deque<std::string>& queue, const std::string& text) {
    REQUIRE_FALSE(queue.empty());
    CHECK(queue.front() == text);
    queue.pop_front();
  }

  Client& find(const std::string& name) {
    auto& client = clients_[name];
    if (!client) {
      client = std::make_unique<Client>();
      client->id = mux_.add(*client, "");
    }
    return *client;
  }

  void say(Client& client, const std::string& text) {
    auto message = jsonrpc::parse(text);
    REQUIRE(message);
    if (message->kind() == jsonrpc::Kind::kNotification)
      return mux_.notification(client.id, std::move(*message));
    if (message->kind() != jsonrpc::Kind::kRequest) return mux_.answer(client.id, *message);
    mux::Reply reply(std::string(message->id()),
                     [&client](mux::Answer answer) { client.heard.push_back(answer.text); });
    mux_.request(client.id, std::move(*message), std::move(reply));
  }

  void start() {
    link_.up = true;
    link_.number = 0;
    mux_.on_child_started();
    const auto initialize = jsonrpc::parse(link_.next());
    REQUIRE(initialize);
    CHECK(initialize->method() == "initialize");
    mux_.on_child_line(R"({"jsonrpc":"2.0","id":)" + std::string(initialize->id()) + R"(,"result":)" +
                       kServer + "}");
    expect(link_.sent, R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  }

  void die() {
    link_.up = false;
    child::Exit exit;
    exit.reason = "exited with code 1";
    exit.code = 1;
    mux_.on_child_exit(std::move(exit));
  }

  std::string title_;
  test::FakeLink link_;
  test::ManualTimers timers_;
  observe::Log log_ = observe::make_null_log();
  observe::Metrics metrics_;
  mux::Multiplexer mux_{link_, timers_, {}, log_, metrics_};
  std::map<std::string, std::unique_ptr<Client>> clients_;
};

}  // namespace

TEST_CASE("transcripts: every one is kept to the letter") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SIDECAR_SOURCE_DIR "/tests/transcripts")) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() >= 8);
  for (const auto& file : files) Player().play(file);
}
