#include "audit/audit_log.hpp"

#include "audit/sqlite_store.hpp"
#include "unit/audit/world.hpp"

using namespace sidecar;
using namespace sidecar::audit;
using namespace std::chrono_literals;
using sidecar::test::Contains;

namespace {

auth::Principal caller(const std::string& key) { return {key, "192.0.2.1", !key.empty()}; }

struct World {
  explicit World(Arguments arguments = Arguments::kFull, bool required = false) {
    options.address = "sqlite:" + file.string();
    options.arguments = arguments;
    options.hash_key = "a key of sixteen characters or more";
    options.required = required;
    options.folder = folder.path() / "spool";
    options.queue_bytes = 1 << 20;
    options.spool_bytes = 1 << 20;
    options.retention = {};  // the calls are of 1970
    options.times.call = 20ms;
    options.times.end = 20ms;
  }
  void start() {
    auto started = AuditLog::start(options, log, metrics);
    if (!started) FAIL(started.error().message);
    audit = *std::move(started);
  }
  // A call from begin to end. False: it was refused.
  bool call(const std::string& key, observe::CallArguments arguments,
            std::string_view outcome = "ok", Clock::duration at_child = 1us) {
    const auth::Principal by = caller(key);
    auto kept = audit->on_call_begin(by, arguments);
    if (!kept) {
      refusal = kept.error().message;
      return false;
    }
    audit->on_call_end({{}, by, source, "tools/call", "t", outcome, 5us, 1, 2, "", at_child},
                       *std::move(kept));
    return true;
  }
  // The recorded arguments of one call.
  std::string recorded(observe::CallArguments arguments, std::string_view outcome,
                       Clock::duration at_child) {
    start();
    CHECK(call("alice", arguments, outcome, at_child));
    audit->stop();
    std::string found = "no record";
    SqliteStore store(file, Access::kRead);
    REQUIRE(store.open(Clock::now() + 5s));
    REQUIRE(store.read({}, [&](const Record& record) {
      found = record.arguments;
      return true;
    }));
    return found;
  }

  test::TemporaryFolder folder;
  std::filesystem::path file = folder.path() / "audit.db";
  Options options;
  observe::Log log = observe::make_null_log();
  observe::Metrics metrics;
  observe::CallSource source{"rest", "", "", ""};
  std::unique_ptr<AuditLog> audit;
  std::string refusal;
};

constexpr std::string_view kArguments = R"({"secret":"x"})";
constexpr std::string_view kHash =
    "hmac-sha256:eebfde08c23d791d40b2e05c496ddfbb6c58c5dd19fa4d1de3a8aa878c6d2124";

}  // namespace

TEST_CASE("audit log: of a refused call's arguments only the hash is recorded") {
  for (const auto* outcome : {"forbidden", "busy", "over_rate", "unavailable"}) {
    CAPTURE(outcome);
    CHECK(World().recorded({kArguments}, outcome, 0us) == kHash);
    CHECK(World(Arguments::kHash).recorded({kArguments}, outcome, 0us) == kHash);
    CHECK(World(Arguments::kOff).recorded({kArguments}, outcome, 0us).empty());
    // the call reached the child
    CHECK(World().recorded({kArguments}, outcome, 1us) == kArguments);
  }
  for (const auto* outcome : {"ok", "error", "cancelled", "timeout", "child_died", "too_large"}) {
    CAPTURE(outcome);
    CHECK(World().recorded({kArguments}, outcome, 0us) == kArguments);
  }
}

TEST_CASE("audit log: long arguments are hashed as a whole if refused, else truncated") {
  const std::string longer = R"({"a":")" + std::string(kMaxArguments, 'x') + R"("})";
  const std::string hash = World(Arguments::kHash).recorded({longer}, "ok", 1us);
  CHECK(hash.size() == kHash.size());
  CHECK(World().recorded({longer}, "forbidden", 0us) == hash);
  const std::string begin = World().recorded({longer}, "ok", 1us);
  CHECK(begin.size() == kMaxArguments);
  CHECK(begin.substr(0, 100) == longer.substr(0, 100));
}

TEST_CASE("audit log: unreadable arguments are recorded as such, never as absent") {
  CHECK(World().recorded({"", false}, "ok", 1us) == kUnreadable);
  CHECK(World().recorded({"", false}, "forbidden", 0us) == kUnreadable);
  CHECK(World(Arguments::kHash).recorded({"", false}, "ok", 1us) == kUnreadable);
  CHECK(World(Arguments::kOff).recorded({"", false}, "ok", 1us).empty());
  CHECK(World().recorded({""}, "ok", 1us).empty());
}

TEST_CASE("audit log: with required records, only the caller beyond its share is refused") {
  World w(Arguments::kFull, true);
  w.start();
  SQLite::Database other(w.file.string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN EXCLUSIVE");
  const std::string large = R"({"a":")" + std::string(50'000, 'x') + R"("})";
  int taken = 0;
  while (w.call("mallory", {large}) && taken < 1'000) ++taken;
  CHECK(taken < 1'000);
  CHECK_THAT(w.refusal, Contains("MCP_AUDIT_QUEUE") && Contains("audit log"));
  CHECK(w.metrics.refused("audit").Value() == 1);
  for (int i = 0; i < 10; ++i) CHECK(w.call("alice", {kArguments}));
  CHECK(w.call("", {kArguments}));
  other.exec("COMMIT");
  w.audit->stop();
  CHECK(w.metrics.audit_dropped("queue_full").Value() == 0);
}

TEST_CASE("audit log: otherwise only records of the caller beyond its share are dropped") {
  World w;
  w.start();
  SQLite::Database other(w.file.string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN EXCLUSIVE");
  const std::string large = R"({"a":")" + std::string(50'000, 'x') + R"("})";
  for (int i = 0; i < 200; ++i) CHECK(w.call("mallory", {large}));
  const double dropped = w.metrics.audit_dropped("queue_full").Value();
  CHECK(dropped > 0);
  for (int i = 0; i < 10; ++i) CHECK(w.call("alice", {kArguments}));
  CHECK(w.metrics.audit_dropped("queue_full").Value() == dropped);
  other.exec("COMMIT");
}
