// Lists that are answered from memory: in slices of the loop, and with views of them.
#include "unit/mux/multiplexer_world.hpp"

using namespace sidecar;
using namespace sidecar::test;
using namespace sidecar::test::multiplexer;

namespace {

std::string list_of(std::size_t bytes) {
  return R"({"tools":[{"name":")" + std::string(bytes, 'a') + R"("}]})";
}

// A view that shows nothing, made in three slices. Counts how often it is made.
class Nothing : public mux::ListView {
 public:
  Nothing(std::string rules, int& made) : rules_(std::move(rules)), made_(made) {}
  std::string rules() const override { return rules_; }
  std::unique_ptr<Making> make(mux::KeptText) const override {
    ++made_;
    return std::make_unique<InThree>();
  }

 private:
  class InThree : public Making {
   public:
    std::size_t step() override { return left_-- > 0 ? Slices::kSlice : 0; }
    mux::KeptText result() override {
      return std::make_shared<const std::string>(R"({"tools":[]})");
    }

   private:
    int left_ = 3;
  };

  const std::string rules_;
  int& made_;
};

// A child whose list is known, and sessions of two owners.
struct KnownList : World {
  explicit KnownList(std::size_t bytes = 1 << 20) {
    ready();
    list(bytes);
  }

  void ask(Session& session, int id) {
    session.say(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":"tools/list"})");
  }
  void list(std::size_t bytes = 1 << 20) {
    asker.received.clear();
    ask(asker, 0);
    child(answer_to(link.next(), list_of(bytes)));
    REQUIRE(asker.received.size() == 1);
    asker.received.clear();
  }
  void ask_with(const std::string& rules) {
    mux::Reply reply("1", [this](mux::Answer answer) { answers.push_back(std::move(answer)); });
    reply.set_view(std::make_shared<Nothing>(rules, made));
    mux.request(asker.id, parsed(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})"),
                std::move(reply));
  }
  void turns(int count) {
    for (; count > 0; --count) timers.turn();
  }

  Session asker{mux, "a"};
  Session other{mux, "b"};
  std::vector<mux::Answer> answers;
  int made = 0;
};

}  // namespace

TEST_CASE("known lists: a short one is answered within the call, however often it is asked for") {
  KnownList w(1000);
  for (int id = 1; id <= 50; ++id) w.ask(w.asker, id);
  CHECK(w.asker.received.size() == 50);
}

TEST_CASE("known lists: long ones are answered one a turn of the loop, to owners in turn") {
  KnownList w;
  for (int id = 1; id <= 20; ++id) w.ask(w.asker, id);
  CHECK(w.asker.received.size() == 1);
  CHECK(w.mux.in_flight() == 19);
  w.ask(w.other, 1);
  w.turns(2);
  CHECK(w.other.received.size() == 1);
  w.turns(20);
  REQUIRE(w.asker.received.size() == 20);
  for (std::size_t i = 0; i < 20; ++i)
    CHECK(
        w.asker.received[i].starts_with(R"({"jsonrpc":"2.0","id":)" + std::to_string(i + 1) + ","));
  CHECK(w.mux.in_flight() == 0);
  CHECK(w.link.sent.empty());
}

TEST_CASE("known lists: a call that is cancelled before its turn is not answered") {
  KnownList w;
  for (int id = 1; id <= 3; ++id) w.ask(w.asker, id);
  w.asker.say(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}})");
  w.turns(5);
  CHECK(w.asker.received.size() == 2);
  CHECK(w.link.sent.empty());
}

TEST_CASE("known lists: calls of a session that ends before their turn go with it") {
  KnownList w;
  for (int id = 1; id <= 3; ++id) w.ask(w.asker, id);
  w.asker.leave();
  w.turns(5);
  CHECK(w.asker.received.size() == 1);
  CHECK(w.mux.in_flight() == 0);
}

TEST_CASE("known lists: a call whose child dies before its turn is answered by the next child") {
  KnownList w;
  for (int id = 1; id <= 3; ++id) w.ask(w.asker, id);
  w.asker.received.clear();
  w.die();
  w.turns(5);
  CHECK(w.asker.received.empty());
  w.ready();
  w.asker.received.clear();  // the lists have changed
  for (int sent = 0; sent < 2; ++sent) w.child(answer_to(w.link.next(), list_of(10)));
  CHECK(w.asker.received.size() == 2);
  CHECK(w.link.sent.empty());
}

TEST_CASE("known lists: a list that changes before a call's turn is fetched anew") {
  KnownList w;
  for (int id = 1; id <= 2; ++id) w.ask(w.asker, id);
  w.child(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
  w.asker.received.clear();
  w.turns(5);
  CHECK(w.asker.received.empty());
  w.child(answer_to(w.link.next(), list_of(10)));
  CHECK(w.asker.received.size() == 1);
}

TEST_CASE("known lists: what callers of the same rules see is made once, until the list changes") {
  KnownList w;
  for (int i = 0; i < 5; ++i) w.ask_with("x");
  CHECK(w.answers.empty());
  w.turns(10);
  REQUIRE(w.answers.size() == 5);
  CHECK(w.made == 1);
  for (const mux::Answer& each : w.answers) {
    CHECK(each.filtered);
    CHECK(each.text == R"({"jsonrpc":"2.0","id":1,"result":{"tools":[]}})");
  }
  w.ask_with("x");
  CHECK(w.answers.size() == 6);  // it is short
  w.ask_with("y");
  w.turns(10);
  CHECK(w.made == 2);
  w.child(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
  w.list();
  w.ask_with("x");
  w.turns(10);
  CHECK(w.made == 3);
  CHECK(w.answers.size() == 8);
}
