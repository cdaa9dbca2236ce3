#include <fstream>

#include "app/keys_command.hpp"
#include "app/keys_watch.hpp"
#include "endpoints/rest/tool_calls.hpp"
#include "support/catch.hpp"
#include "support/manual_timers.hpp"
#include "support/matchers.hpp"
#include "support/temporary_folder.hpp"
#include "unit/session/world.hpp"

using namespace sidecar;
using namespace sidecar::app;
using namespace std::chrono_literals;
using sidecar::test::Contains;
using Action = KeysCommand::Action;

namespace {

const access::WallTime kNow = *access::parse_time("2027-01-01");

struct KeysFolder {
  Result<std::string> run(Action action, std::string name = {}, std::string expires = {},
                          auth::Permissions permissions = {}) {
    return app::run({action, path, std::move(name), std::move(expires), std::move(permissions)},
                    kNow);
  }

  test::TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "keys.json";
};

std::string without_line_end(std::string text) {
  if (!text.empty()) text.pop_back();
  return text;
}

struct Watched : test::SessionWorld, KeysFolder {
  explicit Watched(const std::string& name)
      : secret(without_line_end(run(Action::kNew, name).value())) {
    gate.set_keys(access::Keys(*read_keys_file(path)));
    watch.start();
  }
  bool knows(const std::string& key) {
    const access::GateRequest request{
        "GET",
        "/sse",
        "192.0.2.1",
        [&key](std::string_view field) {
          return field == "X-API-Key" ? std::string_view(key) : std::string_view();
        },
        [&key](std::string_view field) { return field == "X-API-Key" ? key : std::string(); },
        [](std::string_view) { return false; },
        [] { return std::optional<access::KnownSession>(); },
        {}};
    return !gate.judge(request).answer;
  }
  test::BareSession& open_by_key(const std::string& owner) {
    auto caller =
        std::make_shared<observe::Caller>(observe::Caller{owner, "192.0.2.1", true, false});
    caller->by_stored_key = true;
    auto made = std::make_unique<test::BareSession>(session::SessionTable::new_id(),
                                                    std::move(caller), instances, timers);
    test::BareSession& session = *made;
    sessions.add(std::move(made));
    return session;
  }

  std::string secret;
  access::RateLimits rates{{}, timers};
  observe::RateLimitedLog refusals{log, timers};
  access::Gate gate{{access::Keys({}), true},
                    {},
                    access::Origins(access::OriginRules{{"*"}}),
                    {{}, access::AddressSet::parse({"*"}).value()},
                    rates,
                    refusals,
                    metrics};
  endpoints::ToolCalls calls{instances, timers, log, std::chrono::seconds(30), 1 << 20};
  KeysWatch watch{
      path,      {},     gate, sessions, [this](const auto& holds) { calls.end_calls(holds); },
      instances, timers, log};
};

}  // namespace

TEST_CASE("keys: a new key is shown once; the file, readable by its owner only, holds its hash") {
  KeysFolder keys;
  auth::Permissions may;
  may.tools.allow = {"get_*"};
  const auto made = keys.run(Action::kNew, "vapi", "90d", may);
  REQUIRE(made);
  const std::string secret = without_line_end(*made);
  CHECK(secret.size() == 68);
  const auto stored = read_keys_file(keys.path);
  REQUIRE(stored);
  CHECK(stored->front().name == "vapi");
  CHECK(stored->front().hash == access::hash_of(secret));
  CHECK(*stored->front().expires == kNow + 90 * 24h);
  CHECK(stored->front().permissions->tools.allow == std::vector<std::string>{"get_*"});
  std::ifstream file(keys.path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  CHECK_THAT(text, !Contains(secret));
  CHECK(std::filesystem::status(keys.path).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(*keys.run(Action::kNew, "vapi") != *made);
  CHECK(read_keys_file(keys.path)->size() == 2);
}

TEST_CASE("keys: keys are listed without any part of them, and revoked by name") {
  KeysFolder keys;
  const std::string secret = without_line_end(*keys.run(Action::kNew, "old", "2027-01-02"));
  REQUIRE(keys.run(Action::kNew, "new"));
  auto stored = *read_keys_file(keys.path);
  stored.front().expires = access::parse_time("2026-12-31").value();
  keys.folder.write("keys.json", access::keys_file_text(stored));
  const auto list = keys.run(Action::kList);
  REQUIRE(list);
  CHECK_THAT(*list, Contains("old") && Contains("expired 2026-12-31") && Contains("never expires"));
  CHECK_THAT(*list, !Contains(secret));
  CHECK(*keys.run(Action::kRevoke, "old") == "1 revoked\n");
  CHECK(read_keys_file(keys.path)->size() == 1);
  CHECK_THAT(keys.run(Action::kRevoke, "old").error().message, Contains("no key is named \"old\""));
}

TEST_CASE("keys: files with a byte order mark are read, and UTF-16 is refused with the remedy") {
  KeysFolder keys;
  keys.folder.write("keys.json", "\xEF\xBB\xBF" + access::keys_file_text({}));
  CHECK(read_keys_file(keys.path));
  CHECK_THAT(*app::read_whole_file(keys.path, 1 << 20), Catch::Matchers::StartsWith("{"));
  keys.folder.write("keys.json", "\xFF\xFE{");
  CHECK_THAT(read_keys_file(keys.path).error().message, Contains("UTF-16 text: save it as UTF-8"));
}

TEST_CASE("keys: an error is one line and leaves the file unchanged") {
  KeysFolder keys;
  CHECK_THAT(keys.run(Action::kList).error().message, Contains("there is no such file"));
  CHECK_THAT(keys.run(Action::kNew, "a b").error().message, Contains("the name must be"));
  for (const char* when : {"0d", "-1d", "d", "1x", "soon", "36501d"}) {
    INFO(when);
    CHECK_THAT(keys.run(Action::kNew, "a", when).error().message, Contains("--expires"));
  }
  for (const char* past : {"2026-12-31", "2027-01-01", "2027-01-01T00:00:00Z"}) {
    INFO(past);
    CHECK_THAT(keys.run(Action::kNew, "a", past).error().message,
               Contains("--expires is in the past"));
  }
  CHECK_FALSE(std::filesystem::exists(keys.path));
  keys.folder.write("keys.json", "{");
  CHECK_THAT(keys.run(Action::kNew, "a").error().message, Contains("not valid JSON"));
  CHECK(std::filesystem::file_size(keys.path) == 1);
  CHECK_THAT(app::run({Action::kList, {}, {}, {}, {}}, kNow).error().message,
             Contains("MCP_KEYS_FILE"));
}

TEST_CASE("keys: a pattern that the keys file may not hold is refused, by the flag's name") {
  using auth::Permissions;
  using Names = decltype(Permissions::tools);
  struct Row {
    const char* flag;
    Names Permissions::*kind;
    std::vector<std::string> Names::*list;
  };
  const Row rows[] = {{"--allow-tools", &Permissions::tools, &Names::allow},
                      {"--deny-tools", &Permissions::tools, &Names::deny},
                      {"--allow-resources", &Permissions::resources, &Names::allow},
                      {"--deny-resources", &Permissions::resources, &Names::deny},
                      {"--allow-prompts", &Permissions::prompts, &Names::allow},
                      {"--deny-prompts", &Permissions::prompts, &Names::deny}};
  KeysFolder keys;
  REQUIRE(keys.run(Action::kNew, "good"));
  for (const auto& [flag, kind, list] : rows) {
    for (const std::string& pattern :
         {std::string(), std::string("a\0b", 3), std::string("\xff")}) {
      CAPTURE(flag, pattern);
      auth::Permissions may;
      (may.*kind).*list = {"get_*", pattern};
      const KeysCommand command{Action::kNew, keys.path, "bad", {}, may};
      CHECK_THAT(check(command, kNow).error().message, Contains(flag));
      CHECK_THAT(app::run(command, kNow).error().message, Contains(flag));
    }
  }
  CHECK(read_keys_file(keys.path)->size() == 1);
}

TEST_CASE("keys: a file that would be too large to be read again is not written") {
  KeysFolder keys;
  REQUIRE(keys.run(Action::kNew, "good"));
  auth::Permissions may;
  may.tools.allow = {std::string(access::kMaxKeysFile, 'x')};
  CHECK_THAT(keys.run(Action::kNew, "bad", {}, may).error().message, Contains("too large"));
  CHECK(read_keys_file(keys.path)->size() == 1);
}

TEST_CASE("keys: a changed file is read again, and only the sessions of a revoked key end") {
  Watched w("alice");
  CHECK(w.knows(w.secret));
  const std::string bob = without_line_end(*w.run(Action::kNew, "bob"));
  w.timers.advance(2s);
  CHECK(w.knows(bob));
  const std::string of_alice = w.open_by_key("alice").id(), of_bob = w.open_by_key("bob").id();
  const std::string of_token = w.open("someone").id();
  REQUIRE(w.run(Action::kRevoke, "alice"));
  w.timers.advance(2s);
  CHECK_FALSE(w.knows(w.secret));
  CHECK(w.knows(bob));
  CHECK(w.sessions.find(of_alice) == nullptr);
  CHECK(w.sessions.find(of_bob) != nullptr);
  CHECK(w.sessions.find(of_token) != nullptr);
}

TEST_CASE("keys: a new key of the same name replaces the old one without ending sessions") {
  Watched w("alice");
  const std::string id = w.open_by_key("alice").id();
  auto keys = *read_keys_file(w.path);
  keys.front().hash = access::hash_of("another");
  w.folder.write("keys.json", access::keys_file_text(keys));
  w.timers.advance(2s);
  CHECK_FALSE(w.knows(w.secret));
  CHECK(w.knows("another"));
  CHECK(w.sessions.find(id) != nullptr);
}

TEST_CASE("keys: a session gets the new permissions of its key before its next request") {
  Watched w("alice");
  test::BareSession& session = w.open_by_key("alice");
  CHECK(session.may_receive_updates_of("file:///secret/a"));
  auto keys = *read_keys_file(w.path);
  auto permissions = std::make_shared<auth::Permissions>();
  permissions->resources.deny = {"file:///secret/*"};
  keys.front().permissions = permissions;
  w.folder.write("keys.json", access::keys_file_text(keys));
  w.timers.advance(2s);
  CHECK_FALSE(session.may_receive_updates_of("file:///secret/a"));
  CHECK_FALSE(session.may_receive_updates_of("FILE://localhost/secret/a"));
  CHECK(session.may_receive_updates_of("file:///public/a"));

  auth::Permissions everybody;
  everybody.resources.allow = {"file:///public/b"};
  w.gate.set_everybody(everybody);
  w.watch.take(keys, {});
  CHECK(session.may_receive_updates_of("file:///public/b"));
  CHECK_FALSE(session.may_receive_updates_of("file:///public/a"));
}

TEST_CASE("keys: a file that cannot be used leaves the keys unchanged") {
  Watched w("alice");
  for (const char* text : {"", "{", R"({"keys":[{"name":"bob"}]})"}) {
    w.folder.write("keys.json", text);
    w.timers.advance(2s);
    CHECK(w.knows(w.secret));
  }
  std::filesystem::remove(w.path);
  w.timers.advance(2s);
  CHECK(w.knows(w.secret));
}

TEST_CASE("keys: reloaded keys are valid at once, and sessions without a key end") {
  Watched w("alice");
  const std::string of_alice = w.open_by_key("alice").id(), of_carol = w.open_by_key("carol").id();
  auto nobody = std::make_shared<observe::Caller>(observe::Caller{"", "192.0.2.1", false, false});
  auto made = std::make_unique<test::BareSession>(session::SessionTable::new_id(),
                                                  std::move(nobody), w.instances, w.timers);
  const std::string of_nobody = made->id();
  w.sessions.add(std::move(made));
  const auto stored = [](const char* name, const char* secret) {
    return access::StoredKey{name, access::hash_of(secret), {}};
  };
  w.watch.take({stored("bob", "of-the-file")}, {stored("carol", "of-the-environment")});
  CHECK(w.knows("of-the-file"));
  CHECK(w.knows("of-the-environment"));
  CHECK_FALSE(w.knows(w.secret));
  CHECK(w.sessions.find(of_alice) == nullptr);
  CHECK(w.sessions.find(of_carol) != nullptr);
  CHECK(w.sessions.find(of_nobody) == nullptr);
  // A change of the file replaces its keys; the fixed keys stay.
  REQUIRE(w.run(Action::kNew, "dave"));
  w.timers.advance(2s);
  CHECK(w.knows(w.secret));
  CHECK(w.knows("of-the-environment"));
  CHECK_FALSE(w.knows("of-the-file"));
}
