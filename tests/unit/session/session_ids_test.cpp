#include "session/session_ids.hpp"

#include <fmt/format.h>
#include <set>

#include "support/catch.hpp"

using namespace sidecar;
using namespace std::chrono_literals;
using session::SessionIds;

namespace {

const std::string kOne = "the first secret of these tests";
const std::string kTwo = "the second secret of these tests";

mux::ClientProfile profile(std::string_view version = "2025-06-18") {
  mux::ClientProfile profile;
  profile.version = version;
  return profile;
}

struct Ids {
  explicit Ids(std::vector<std::string> secrets = {kOne}, const std::string& server = "default",
               std::chrono::milliseconds valid = 24h, const std::string& scope = {})
      : ids(auth::Secret(std::move(secrets), scope),
            {server, "0badcafe", valid, [this] { return now; }}) {}

  std::string make(std::string_view owner = "alice",
                   const mux::ClientProfile& of = profile()) const {
    return ids.seal(SessionIds::random_part(), of, owner);
  }

  std::chrono::system_clock::time_point now{std::chrono::hours(500'000)};
  SessionIds ids;
};

// The text with another hex digit at `at`.
std::string changed(std::string text, std::size_t at) {
  text[at] = text[at] == '0' ? '1' : '0';
  return text;
}

}  // namespace

TEST_CASE("session ids: 64 hex digits with the random part first, and different each time") {
  const Ids w;
  std::set<std::string> made;
  for (int i = 0; i < 100; ++i) {
    const std::string random = SessionIds::random_part();
    const std::string id = w.ids.seal(random, profile(), "alice");
    CHECK(id.size() == 64);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(id.starts_with(random));
    CHECK(id.substr(32, 8) == "0badcafe");
    made.insert(id);
  }
  CHECK(made.size() == 100);
}

TEST_CASE("session ids: the revision and the capabilities come back") {
  const Ids w;
  for (const std::string_view version : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
    for (unsigned bits = 0; bits < 32; ++bits) {
      mux::ClientProfile given = profile(version);
      given.sampling = (bits & 1) != 0;
      given.elicitation = (bits & 2) != 0;
      given.elicitation_url = (bits & 4) != 0;
      given.roots = (bits & 8) != 0;
      given.tasks = (bits & 16) != 0;
      const auto read = w.ids.verify(w.make("alice", given), "alice");
      REQUIRE(read);
      CHECK(read->version == version);
      CHECK(read->sampling == given.sampling);
      CHECK(read->elicitation == given.elicitation);
      CHECK(read->elicitation_url == given.elicitation_url);
      CHECK(read->roots == given.roots);
      CHECK(read->tasks == given.tasks);
    }
  }
}

TEST_CASE("session ids: hold only for their owner, server and secret") {
  const Ids w;
  const std::string id = w.make("alice");
  CHECK(w.ids.verify(id, "alice"));
  for (const char* other : {"bob", "", "alic", "alicee", "Alice"}) {
    CAPTURE(other);
    CHECK_FALSE(w.ids.verify(id, other));
  }
  CHECK_FALSE(Ids({kOne}, "other").ids.verify(id, "alice"));
  CHECK_FALSE(Ids({kTwo}).ids.verify(id, "alice"));
  CHECK_FALSE(Ids({kOne}, "default", 24h, "3001").ids.verify(id, "alice"));
  // The parts under the MAC cannot be moved into each other.
  CHECK_FALSE(Ids({kOne}, "defaulta").ids.verify(id, "lice"));
}

TEST_CASE("session ids: the first of several secrets signs, all are accepted") {
  const std::string old = Ids({kOne}).make();
  const Ids w({kTwo, kOne});
  CHECK(w.ids.verify(old, "alice"));
  CHECK(Ids({kTwo}).ids.verify(w.make(), "alice"));
  CHECK_FALSE(Ids({kOne}).ids.verify(w.make(), "alice"));
}

TEST_CASE("session ids: any changed digit, another length or form makes them unknown") {
  const Ids w;
  const std::string id = w.make();
  for (std::size_t at = 0; at < id.size(); ++at) {
    CAPTURE(at);
    CHECK_FALSE(w.ids.verify(changed(id, at), "alice"));
  }
  CHECK_FALSE(w.ids.verify(id.substr(1), "alice"));
  CHECK_FALSE(w.ids.verify(id + "0", "alice"));
  CHECK_FALSE(w.ids.verify("", "alice"));
  std::string upper = id;
  for (char& c : upper) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  CHECK_FALSE(w.ids.verify(upper, "alice"));
  CHECK_FALSE(w.ids.verify(SessionIds::random_part(), "alice"));
}

TEST_CASE("session ids: are valid for a limited time, and never if it is zero") {
  Ids w;
  const std::string id = w.make();
  w.now += 24h - 1min;
  CHECK(w.ids.verify(id, "alice"));
  w.now += 1min;
  CHECK_FALSE(w.ids.verify(id, "alice"));
  w.now -= 48h;  // the clock was set back
  CHECK(w.ids.verify(id, "alice"));
  CHECK_FALSE(Ids({kOne}, "default", 0ms).ids.verify(id, "alice"));
}

TEST_CASE("session ids: one that ended here is not valid here; elsewhere it is") {
  Ids w;
  const std::string mine = w.make(), evicted = w.make(), other = w.make();
  w.ids.note_end(mine, true);
  w.ids.note_end(evicted, false);
  CHECK_FALSE(w.ids.verify(mine, "alice"));
  CHECK_FALSE(w.ids.verify(evicted, "alice"));
  CHECK(w.ids.verify(other, "alice"));
  CHECK(w.ids.ended_by_client(mine, "alice"));
  CHECK_FALSE(w.ids.ended_by_client(mine, "bob"));
  CHECK_FALSE(w.ids.ended_by_client(evicted, "alice"));
  CHECK_FALSE(w.ids.ended_by_client(other, "alice"));
  CHECK_FALSE(w.ids.ended_by_client(changed(mine, 3), "alice"));
  CHECK(Ids().ids.verify(mine, "alice"));
  w.ids.note_end(SessionIds::random_part(), true);  // a session that its client never knew
  w.ids.note_end("", true);
}

TEST_CASE("session ids: the last ended ones are remembered") {
  Ids w;
  const std::string first = w.make(), second = w.make();
  w.ids.note_end(first, true);
  w.ids.note_end(second, true);
  for (std::size_t i = 2; i < SessionIds::kRemembered; ++i) {
    // Distinct MACs; only the form is looked at.
    w.ids.note_end(std::string(48, 'a') + fmt::format("{:016x}", i << 1), false);
  }
  CHECK_FALSE(w.ids.verify(first, "alice"));
  w.ids.note_end(w.make(), false);
  CHECK(w.ids.verify(first, "alice"));
  CHECK_FALSE(w.ids.verify(second, "alice"));
}
