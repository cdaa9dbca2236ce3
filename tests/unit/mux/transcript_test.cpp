// Plays tests/transcripts/*.txt, one promise of the protocol each, against one instance of the
// wrapped server. Steps:
//
//   # title                 the promise (first line); other lines with # are comments
//   A     > {…}             client A sends this; a new name is a new session
//   A     < {…}             client A receives exactly this next: an answer or another message
//   A/id  < {…}             A's call `id` receives this before its answer. Only clients whose name
//                           begins with S: their calls take messages, as on Streamable HTTP.
//   rest  > {…}             a REST call; its answer goes to `rest`
//   child < {…}             the child's stdin receives exactly this next
//   child > {…}             the child writes this
//   child starts            the handshake, from initialize to notifications/initialized
//   child starts with {…}   the same, with these capabilities
//   child comes up          its process runs, and has not answered the handshake yet
//   child dies              exits with code 1, after reading all that was sent to it
//   child dies unread       the same, but it has not read the lines that no step took from it
//   child reads nothing     its stdin is full
//   child reads again       its stdin is no longer full; also: `old child reads again`
//   A leaves                its session ends
//   A is of NAME            its owner (before its first message)
//   child may not ask       first step: its handshake declares no sampling and no elicitation
//   dedicated child of A    first step: A is the child's only client
//                           (with roots: `dedicated child of A with roots`)
//   replaced                the child is replaced. `old child < …`, `old child > …` and
//                           `old child ends` concern the replaced one.
//   wait 300 s              time passes
//
// Nothing may be left over at the end. The handshake has wire id 1; calls get ids from 2 on.
// Server requests to clients get ids from 1 on.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "mux/era/handshake_era.hpp"
#include "mux/pool/instance.hpp"
#include "mux/pool/instances.hpp"
#include "support/catch.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"
#include "support/messages.hpp"
#include "support/principals.hpp"

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
    for (const test::FakeLink* link : links_.all) {
      if (link->stopping.empty()) CHECK(link->sent.empty());
    }
    for (const auto& [name, client] : clients_) CHECK(client->heard.empty());
  }

 private:
  struct Client : mux::Client {
    void on_message(std::string text) override { heard.push_back(std::move(text)); }
    bool listens() const override { return listening; }
    mux::ClientId id = 0;
    std::string owner;
    std::deque<std::string> heard;
    bool joined = false;
    bool listening = true;
  };

  // "A     > {…}" → name, direction, text; an empty direction: not a step of this form.
  struct Speech {
    std::string name;
    char direction = 0;
    std::string text;
  };

  static Speech speech(const std::string& line) {
    const std::size_t arrow = line.find_first_of("<>");
    if (arrow == std::string::npos || line.find_first_of("{[") < arrow) return {};
    std::string name = line.substr(0, arrow);
    name.erase(name.find_last_not_of(' ') + 1);
    return {name, line[arrow], line.substr(arrow + 2)};
  }

  void step(const std::string& line) {
    if (const Speech said = speech(line); said.direction != 0) {
      const bool says = said.direction == '>';
      if (said.name == "child")
        return says ? link().say(said.text) : expect(link().sent, said.text);
      if (said.name == "old child")
        return says ? old().say(said.text) : expect(old().sent, said.text);
      Client& client = find(said.name);
      return says ? say(client, said.name, said.text) : expect(client.heard, said.text);
    }
    if (line.starts_with("wait "))
      return timers_.advance(std::chrono::seconds(std::stoi(line.substr(5))));
    if (line == "child starts") return start(kCapabilities);
    if (line == "child comes up") {
      link().come_up();
      return void(link().sent.clear());
    }
    if (line.starts_with("child starts with ")) return start(line.substr(18));
    if (line == "child dies") return die();
    if (line == "child dies unread") return die(std::exchange(link().sent, {}));
    if (line == "child reads nothing") return void(link().wants = false);
    if (line == "child reads again" || line == "old child reads again") {
      test::FakeLink& reader = line.starts_with("old") ? old() : link();
      reader.wants = true;
      return reader.events->on_child_writable();
    }
    if (line == "replaced") return instance().restart();
    if (line == "old child ends") {
      REQUIRE_FALSE(old().stopping.empty());
      old().finish_stop();
      return timers_.advance({});
    }
    const std::string name = line.substr(0, line.find(' '));
    if (line.starts_with("dedicated child of ")) {
      role_.dedicated = true;
      role_.client_roots = line.ends_with(" with roots");
      return;
    }
    if (line == "child may not ask") {
      role_.may_ask = false;
      return;
    }
    if (line.find(" is of ") != std::string::npos) {
      find(name, false).owner = line.substr(line.rfind(' ') + 1);
      return;
    }
    if (line.ends_with(" does not listen")) return void(find(name).listening = false);
    if (line.ends_with(" leaves")) return instance().remove(find(name).id);
    FAIL("not a step of a transcript");
  }

  static void expect(std::deque<std::string>& queue, const std::string& text) {
    REQUIRE_FALSE(queue.empty());
    CHECK(queue.front() == text);
    queue.pop_front();
  }

  Client& find(const std::string& name, bool join = true) {
    auto& client = clients_[name];
    if (!client) client = std::make_unique<Client>();
    if (join && !client->joined && name != "rest" && name != "handshake" &&
        name.find('/') == std::string::npos) {
      client->joined = true;
      client->id = ids_.next_client++;
      instance().add(client->id, *client, test::key(client->owner, {}), {});
    }
    return *client;
  }

  void say(Client& client, const std::string& name, const std::string& text) {
    jsonrpc::Message message = test::parsed(text);
    if (message.kind() == jsonrpc::Kind::kNotification)
      return instance().notification(client.id, std::move(message));
    if (message.kind() != jsonrpc::Kind::kRequest) return instance().answer(client.id, message);
    if (role_.dedicated && message.method() == "initialize" && !instance().initialized())
      instance().initialize(mux::dedicated_handshake_params(message, role_.client_roots));
    mux::Reply::Notify notify;
    if (name.front() == 'S') {
      Client& call = find(name + "/" + std::string(message.id()));
      notify = [&call](std::string said) { call.heard.push_back(std::move(said)); };
    }
    mux::Reply reply(
        std::string(message.id()),
        [&client](mux::Answer answer) {
          if (answer.outcome != mux::Outcome::kCancelled) client.heard.push_back(answer.text);
        },
        std::move(notify));
    instance().request(client.id, std::move(message), std::move(reply), {});
  }

  void start(const std::string& capabilities) {
    if (!role_.dedicated && !instance().initialized())
      instance().initialize(mux::HandshakeEra::params(false));
    link().come_up();
    const jsonrpc::Message initialize = test::parsed(link().next());
    CHECK(initialize.method() == "initialize");
    if (role_.dedicated)
      find("handshake", false)
          .heard.push_back(std::string(initialize.envelope.params.in(initialize.text)));
    link().say(test::answer_to(initialize, test::initialize_result("2025-06-18", capabilities)));
    expect(link().sent, R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  }

  void die(const std::deque<std::string>& unread = {}) {
    link().up = false;
    child::Exit exit;
    child::LineNumber number = link().number - unread.size();
    for (const std::string& each : unread) exit.unwritten.push_back({++number, each});
    exit.reason = "exited with code 1";
    exit.code = 1;
    link().events->on_child_exit(std::move(exit));
  }

  mux::Instance& instance() {
    if (!instance_) {
      instance_ = std::make_unique<mux::Instance>(setting_, "child", role_);
      instance_->start();
    }
    return *instance_;
  }
  test::FakeLink& link() {
    instance();
    return *links_.all.back();
  }
  test::FakeLink& old() { return *links_.all.at(links_.all.size() - 2); }

  static mux::Limits limits() {
    mux::Limits limits;
    limits.wedged_after = std::chrono::hours(24);  // avoids pings between the lines
    return limits;
  }

  static constexpr const char* kCapabilities = R"({"tools":{"listChanged":true},"prompts":{}})";

  std::string title_;
  test::FakeLinks links_;
  test::ManualTimers timers_;
  observe::Log log_ = observe::make_null_log();
  observe::Metrics metrics_;
  mux::IdAllocator ids_;
  mux::ChildRate rate_;
  mux::ChildRole role_;
  const mux::InstanceSetting setting_{links_.factory(),         timers_, ids_,    rate_, limits(),
                                      std::chrono::seconds(30), log_,    metrics_};
  std::map<std::string, std::unique_ptr<Client>> clients_;
  std::unique_ptr<mux::Instance> instance_;
};

}  // namespace

TEST_CASE("transcripts: each is reproduced byte for byte") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(SIDECAR_SOURCE_DIR "/tests/transcripts")) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() >= 30);
  for (const auto& file : files) Player().play(file);
}
