#include "gate_world.hpp"

using namespace sidecar;
using namespace sidecar::test::gate;

TEST_CASE("gate: a key is taken from Authorization, with and without Bearer, and from X-API-Key") {
  Door door(KeyList{key("alice", "secret-a"), key("bob", "secret-b")});
  for (const Headers& headers :
       {Headers{{"Authorization", "Bearer secret-b"}},
        Headers{{"Authorization", "bearer  secret-b"}}, Headers{{"Authorization", "secret-b"}},
        Headers{{"X-API-Key", "secret-b"}}}) {
    const auto decision = door.request(headers);
    CHECK_FALSE(decision.answer);
    CHECK(decision.caller->owner == "bob");
    CHECK(decision.caller->has_key);
  }
}

TEST_CASE("gate: no key and a wrong key are refused with the texts that clients know") {
  Door door(KeyList{key("alice", "secret-a")});
  const std::pair<Headers, const char*> rows[] = {
      {{}, "Valid API key required"},
      {{{"Authorization", "Bearer wrong"}}, "Valid API key required"},
      {{{"Authorization", "Bearer "}}, "Valid API key required"},
      {{{"Authorization", "Bearer secret-a "}}, "Valid API key required"},
      {{{"Authorization", "Basic secret-a"}}, "Valid API key required"},
      {{{"X-API-Key", "secret-"}}, "Invalid API key"},
      {{{"X-API-Key", "alice"}}, "Invalid API key"},
  };
  for (const auto& [headers, message] : rows) {
    const auto decision = door.request(headers);
    REQUIRE(decision.answer);
    CHECK(decision.answer->status == 401);
    CHECK(decision.answer->message == message);
    CHECK(field({.own = decision.answer->fields}, "WWW-Authenticate") == "Bearer");
    CHECK_FALSE(decision.caller->has_key);
  }
  CHECK(door.metrics.refused("no_key").Value() == 2);
  CHECK(door.metrics.refused("wrong_key").Value() == 5);
}

TEST_CASE("gate: two fields of a key are refused, with keys and without") {
  for (const KeyList& keys : {KeyList{key("alice", "secret-a")}, KeyList{}}) {
    Door door(keys);
    for (const char* name : {"Authorization", "X-API-Key"}) {
      door.repeated = name;
      for (const char* path : {"/message", "/health", "/calls"}) {
        const auto refused = door.request({{name, "secret-a"}}, "POST", path);
        CHECK(refused.answer->status == 400);
        CHECK(refused.answer->message == "More than one " + std::string(name) + " field");
      }
    }
    door.repeated = {};
    CHECK_FALSE(door.request({{"Authorization", "Basic x"}, {"X-API-Key", "secret-a"}}).answer);
  }
}

TEST_CASE("gate: health and preflights need no key, but a key that is shown counts") {
  Door door(KeyList{key("alice", "secret-a")});
  CHECK_FALSE(door.request({}, "GET", "/health").answer);
  CHECK_FALSE(door.request({{"X-API-Key", "wrong"}}, "GET", "/health").answer);
  CHECK(door.request({{"X-API-Key", "secret-a"}}, "GET", "/health").caller->has_key);
  CHECK_FALSE(door.request({}, "GET", "/ready").answer);
  CHECK(door.request({}, "POST", "/restart").answer->status == 401);
  const auto preflight = door.request({{"Origin", "https://a.example"}}, "OPTIONS");
  REQUIRE(preflight.answer);
  CHECK(preflight.answer->status == 204);
  CHECK(field({.own = preflight.answer->fields}, "Access-Control-Max-Age") == "86400");
  CHECK(field({.own = preflight.answer->fields}, "Access-Control-Allow-Headers")
            .find("X-MCP-Session-Id") != std::string::npos);
  CHECK(field(preflight.reply_fields, "Access-Control-Allow-Origin") == "*");
}

TEST_CASE("gate: without keys everybody comes in, as nobody in particular") {
  Door door({});
  const auto decision = door.request({{"Authorization", "Bearer whatever"}});
  CHECK_FALSE(decision.answer);
  CHECK(decision.caller->owner.empty());
  CHECK_FALSE(decision.caller->has_key);
}

TEST_CASE(
    "gate: a wrong key is 401 until its address has shown too many, and never holds up a right "
    "one") {
  Door door(KeyList{key("alice", "secret-a")}, {"*"}, false, {"*"},
            {.wrong_keys = {3, std::chrono::seconds(60)}});
  const Headers wrong = {{"Authorization", "Bearer guess"}};
  for (int i = 0; i < 3; ++i) CHECK(door.request(wrong).answer->status == 401);
  const auto over = door.request(wrong);
  REQUIRE(over.answer);
  CHECK(over.answer->status == 429);
  CHECK(over.answer->message == "Rate limit exceeded");
  CHECK(over.answer->retry_after == std::chrono::seconds(20));
  CHECK(over.answer->budget == "wrong_keys");
  CHECK(field(over.reply_fields, "X-RateLimit-Limit") == "3");
  CHECK(field(over.reply_fields, "X-RateLimit-Remaining") == "0");
  CHECK(field(over.reply_fields, "X-RateLimit-Reset") == "60");
  const auto right = door.request({{"Authorization", "Bearer secret-a"}});
  CHECK_FALSE(right.answer);
  CHECK(field(right.reply_fields, "X-RateLimit-Limit").empty());
  CHECK(door.request(wrong, "POST", "/message", "192.0.2.1").answer->status == 401);
  CHECK(door.metrics.refused("rate_wrong_keys").Value() == 1);
  door.timers.advance(std::chrono::seconds(20));
  CHECK(door.request(wrong).answer->status == 401);
}

TEST_CASE("gate: guesses at /health count as wrong keys, though it answers") {
  Door door(KeyList{key("alice", "secret-a")}, {"*"}, false, {"*"},
            {.wrong_keys = {1, std::chrono::seconds(60)}});
  CHECK_FALSE(door.request({{"X-API-Key", "guess"}}, "GET", "/health").answer);
  CHECK_FALSE(door.request({{"X-API-Key", "guess"}}, "GET", "/health").answer);
  CHECK(door.request({{"X-API-Key", "guess"}}).answer->status == 429);
}

TEST_CASE("gate: a key that has expired is refused, one that will expire is not") {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  Door door({key("old", "a", {}, now - std::chrono::seconds(1)),
             key("new", "b", {}, now + std::chrono::hours(1))});
  CHECK(door.request({{"X-API-Key", "a"}}).answer->status == 401);
  CHECK(door.metrics.refused("expired_key").Value() == 1);
  CHECK_FALSE(door.request({{"X-API-Key", "b"}}).answer);
}

TEST_CASE("gate: while keys are needed and there is none, nobody comes in") {
  Door door({key("alice", "a")});
  door.gate.set_keys(access::Keys({}));
  CHECK(door.request({{"X-API-Key", "a"}}).answer->status == 401);
  CHECK(door.request({{"X-API-Key", ""}}).answer->status == 401);
  CHECK(door.request({}).answer->status == 401);
}

TEST_CASE("gate: a key of the URL counts when no field holds one") {
  Door door({key("alice", "a"), key("bob", "b")});
  door.url_key = "b";
  CHECK(door.request({}).caller->owner == "bob");
  CHECK(door.request({{"X-API-Key", "a"}}).caller->owner == "alice");
  CHECK(door.request({{"X-API-Key", "wrong"}}).answer->status == 401);
}

TEST_CASE("gate: X-Vapi-Secret holds a key where its route reads it, after the other fields") {
  Door door({key("alice", "a"), key("bob", "b")});
  CHECK(door.request({{"X-Vapi-Secret", "b"}}, "POST", "/mcp").caller->owner == "bob");
  CHECK(door.request({{"X-Vapi-Secret", "wrong"}}, "POST", "/mcp").answer->status == 401);
  CHECK(door.request({{"X-Vapi-Secret", "b"}}, "POST", "/tools").answer->status == 401);
  CHECK(door.metrics.refused("no_key").Value() == 1);
  for (const char* name : {"X-API-Key", "Authorization"}) {
    CHECK(door.request({{"X-Vapi-Secret", "b"}, {name, "a"}}, "POST", "/mcp").caller->owner ==
          "alice");
    CHECK(door.request({{"X-Vapi-Secret", "b"}, {name, "wrong"}}, "POST", "/mcp").answer->status ==
          401);
  }
  door.url_key = "a";
  CHECK(door.request({{"X-Vapi-Secret", "b"}}, "POST", "/mcp").caller->owner == "bob");
  door.repeated = "X-Vapi-Secret";
  CHECK(door.request({{"X-Vapi-Secret", "b"}}, "POST", "/mcp").answer->status == 400);
  CHECK_FALSE(door.request({{"X-Vapi-Secret", "b"}}, "POST", "/tools").answer);
}

TEST_CASE("gate: the session of a stream opened with a key in its URL stands for that key") {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const access::StoredKey alice = key("alice", "a", only({"get_*"})), twin = key("alice", "a2");
  Door door({alice, twin, key("bob", "b")});
  door.url_key = "a";
  CHECK(door.request({}).caller->by_url_key);
  door.url_key = {};
  CHECK_FALSE(door.request({{"X-API-Key", "a"}}).caller->by_url_key);

  CHECK(door.request({}).answer->status == 401);
  door.session = {"id-1", "alice", "192.0.2.1"};  // opened with a key in a field
  CHECK(door.request({}).answer->status == 401);
  door.session->url_key = alice.fingerprint();
  const auto posted = door.request({});
  REQUIRE_FALSE(posted.answer);
  CHECK(posted.caller->owner == "alice");
  CHECK(posted.caller->key_fingerprint == alice.fingerprint());
  CHECK(posted.caller->by_url_key);
  CHECK(posted.caller->may(&auth::Permissions::tools, "get_x"));
  CHECK_FALSE(posted.caller->may(&auth::Permissions::tools, "set_x"));

  for (const char* path : {"/tools", "/mcp", "/rate-limit-status", "/restart"})
    CHECK(door.request({}, "POST", path).answer->status == 401);
  door.method_not_allowed = true;
  CHECK(door.request({}, "GET").answer->status == 401);
  door.method_not_allowed = false;

  // A credential that is brought is judged alone.
  for (const char* name : {"X-API-Key", "Authorization"}) {
    CHECK(door.request({{name, "wrong"}}).answer->status == 401);
    CHECK(door.request({{name, "b"}}).caller->owner == "bob");
  }
  CHECK(door.request({{"Authorization", "Bearer "}}).answer->status == 401);
  door.url_key = "wrong";
  CHECK(door.request({}).answer->status == 401);
  door.url_key = {};

  // It lasts no longer than that key, although others of the name are valid.
  access::StoredKey old = alice, renamed = alice;
  old.expires = now - std::chrono::seconds(1);
  renamed.name = "alice2";
  for (const access::StoredKey& changed : {twin, old, renamed}) {
    door.gate.set_keys(access::Keys({changed, twin}));
    CHECK(door.request({}).answer->status == 401);
  }
  door.gate.set_keys(access::Keys({alice}));
  CHECK_FALSE(door.request({}).answer);
}

TEST_CASE("gate: where no key is read, a wrong one is no guess and a right one changes nothing") {
  auth::Permissions admin;
  admin.admin = true;
  for (const KeyList& keys : {KeyList{key("alice", "a", admin)}, KeyList{}}) {
    Door door(keys, {"*"}, false, {"*"},
              {.key = {1, std::chrono::seconds(60)}, .wrong_keys = {1, std::chrono::seconds(60)}});
    door.url_key = "wrong";
    for (const char* secret : {"wrong", "a", "start", "", "a"}) {
      const auto decision = door.request({{"Authorization", secret}}, "GET", "/nothing");
      CHECK_FALSE(decision.answer);
      CHECK_FALSE(decision.caller->has_key);
      CHECK_FALSE(decision.caller->admin);
      CHECK(field(decision.reply_fields, "X-RateLimit-Limit").empty());
    }
    door.repeated = "Authorization";
    CHECK_FALSE(door.request({{"Authorization", "a"}}, "POST", "/nothing").answer);
    CHECK(door.metrics.refused("wrong_key").Value() == 0);
    CHECK(door.metrics.refused("no_key").Value() == 0);
    CHECK(door.metrics.refused("repeated_key").Value() == 0);
  }
}

TEST_CASE("gate: a caller may what both its key and the whole sidecar allow") {
  Door door({key("alice", "a", only({"get_*"})), key("bob", "b")}, {"*"}, false, {"*"}, {},
            only({"*_user"}));
  constexpr auto kTools = &auth::Permissions::tools;
  const auto alice = door.request({{"X-API-Key", "a"}}).caller,
             bob = door.request({{"X-API-Key", "b"}}).caller;
  CHECK(alice->may(kTools, "get_user"));
  CHECK_FALSE(alice->may(kTools, "get_all"));
  CHECK_FALSE(alice->may(kTools, "delete_user"));
  CHECK(bob->may(kTools, "delete_user"));
  CHECK_FALSE(bob->may(kTools, "get_all"));
  CHECK(bob->restricted());
  CHECK_FALSE(Door({key("bob", "b")}).request({{"X-API-Key", "b"}}).caller->restricted());
}

TEST_CASE("gate: what a caller may now is what its key permits now, and what everybody may") {
  const auto narrowed = [](std::vector<std::string> tools) {
    access::StoredKey narrow = key("alice", "first");
    narrow.permissions = std::make_shared<auth::Permissions>(only(std::move(tools)));
    return narrow;
  };
  Door door({key("alice", "first"), key("alice", "second")});
  const observe::Caller alice = *door.request({{"X-API-Key", "first"}}).caller;
  const auto may = [&](const char* tool) {
    return door.gate.present(alice)->may(&auth::Permissions::tools, tool);
  };
  CHECK(*door.gate.present(alice) == alice);
  CHECK(may("set_x"));
  door.gate.set_keys(access::Keys({narrowed({"get_*"}), key("alice", "second")}));
  CHECK(may("get_x"));
  CHECK_FALSE(may("set_x"));
  door.gate.set_everybody(only({"*_x"}));
  CHECK(may("get_x"));
  CHECK_FALSE(may("get_y"));
  door.gate.set_everybody({});
  CHECK(may("get_y"));

  // Its key is gone: it may what all other keys of its name may.
  access::StoredKey other = narrowed({"get_*", "set_*"}), third = narrowed({"get_*"});
  other.hash = access::hash_of("second");
  third.hash = access::hash_of("third");
  door.gate.set_keys(access::Keys({other, third}));
  CHECK(may("get_x"));
  CHECK_FALSE(may("set_x"));
}
