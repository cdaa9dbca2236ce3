// Many waiting calls end without deep recursion: the tests run on a small stack.
#include <fmt/format.h>

#include "support/small_stack.hpp"
#include "unit/mux/multiplexer_world.hpp"

using namespace sidecar;
using namespace sidecar::test::multiplexer;

namespace {

constexpr std::size_t kCalls = 100'000;

mux::Limits for_many() {
  mux::Limits limits;
  limits.calls = limits.calls_per_client = kCalls + 1;
  limits.waiting_bytes = std::size_t{1} << 40;
  return limits;
}

void ask(Session& client, std::string_view method) {
  for (std::size_t id = 1; id <= kCalls; ++id)
    client.say(fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}"}})", id, method));
}

}  // namespace

TEST_CASE("multiplexer: 100,000 calls that wait for one list are answered on a small stack") {
  World w(for_many());
  w.ready();
  Session client(w.mux);
  ask(client, "tools/list");
  CHECK(w.link.sent.size() == 1);
  SECTION("from the list") {
    const std::string line = w.link.next();
    test::on_small_stack([&] { return w.child(answer_to(line, R"({"tools":[]})")), true; });
    CHECK(client.received.size() == kCalls);
  }
  SECTION("each with an error of its own, where none may ask for it") {
    w.rate.set({1, std::chrono::hours(1)});
    w.rate.charge("", w.timers.now());
    const std::string line = w.link.next();
    const std::string error =
        R"({"jsonrpc":"2.0","id":)" + wire_id_of(line) + R"(,"error":{"code":-1,"message":"no"}})";
    test::on_small_stack([&] { return w.child(error), true; });
    CHECK(client.received.size() == kCalls);
  }
}

TEST_CASE("multiplexer: 100,000 calls that the child's input does not take fail on a small stack") {
  World w(for_many());
  w.ready();
  Session client(w.mux);
  w.link.wants = false;
  ask(client, "tools/call");
  w.link.wants = true;
  w.link.room = 0;
  test::on_small_stack([&] { return w.mux.on_child_writable(), true; });
  CHECK(client.received.size() == kCalls);
}
