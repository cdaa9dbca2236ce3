// Model: a world around mux::Instances. It plays every client and every child with seeded random
// choices, and checks deliveries against these rules:
//
//  - A request is answered exactly once, with its id unchanged byte for byte, and either with the
//    child's answer to it or with an error of the sidecar that has a reason.
//  - Before each act the world records which messages sessions must receive because of it (expect)
//    and which lines children must receive (Child::due). After it exactly these must have arrived.
//  - A child receives each request as its client wrote it except for id and progress token, under a
//    wire id that no other request has had. A request is sent again only if the previous process
//    was not given it, or once if repeating it is safe.
//  - A message with a member that some JSON reader takes for another one is delivered to nobody, in
//    either direction, also inside a batch.
//
// It does not look into src/mux: it only sees the messages of both sides. Each request has a mark
// in its _meta, in place of a trace context. The child sends the mark back, so that a misdelivered
// answer is detected.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "mux/pool/instances.hpp"
#include "support/fake_link.hpp"
#include "support/manual_timers.hpp"

namespace sidecar::model {

using Json = nlohmann::json;
class World;
struct Session;

// Levels of log messages, the lowest first.
inline constexpr const char* kLevels[] = {"debug", "info",     "notice", "warning",
                                          "error", "critical", "alert",  "emergency"};

// Owners: three of sessions, one of REST calls.
inline constexpr std::size_t kOwners = 4;

// The notification as a child writes it.
std::string notification(const std::string& method, const std::string& params);

// A request as its client sees it.
struct Asked {
  Session* by = nullptr;  // nullptr: a REST call
  std::string mark;       // no other request has it
  std::string id;         // token that the client chose
  std::string method;
  std::string params;   // members before _meta
  std::string subject;  // the URI, level, task id or cursor in them
  std::string token;    // progress token; empty: none
  bool tenant = false;  // _meta names a tenant: its list must not be shared
  bool safe = false;    // may be sent to a second process
  bool makes_task = false;
  Clock::time_point at;
  long changes = 0;  // list changes announced before it

  bool open = true;           // its client waits for the answer
  bool cancelled = false;     // its client cancelled it
  bool undone = false;        // a subscribe followed by an unsubscribe
  bool asked_client = false;  // a server request reached its client meanwhile
  int deaths = 0;             // processes that ended while they had it
  double progress = -1;       // the highest value reported so far
  std::string due;            // the answer that the child has just written
  bool too_large = false;     // the child has just written an answer beyond the limit

  std::string text(const std::string& as_id, const std::string& as_token) const;
};
using AskedPtr = std::shared_ptr<Asked>;

struct Session : mux::Client {
  explicit Session(World& its_world) : world(its_world) {}
  void on_message(std::string text) override;
  bool listens() const override { return listening; }

  World& world;
  int number = 0;
  std::string owner;
  bool streams = false;  // its calls can receive messages before their answer
  bool listening = true;
  bool sampling = false, forms = false, urls = false;
  std::unique_ptr<mux::InstanceLease> lease;
  std::string instance;
  std::map<std::string, AskedPtr> open;  // by id
  std::set<std::string> subscribed;
  std::optional<int> level;
  bool left = false;
};

// A request that a process has received and not answered.
struct Work {
  AskedPtr asked;  // null: a request of the sidecar itself
  std::string method;
  Json params;
  child::LineNumber number = 0;
  bool read = false;
  bool fails = false;
  bool cancelled = false;
  long changes = 0;  // list changes announced before the child read it
  int progress = 0;
};

struct Task {
  Session* by = nullptr;  // nullptr: no session any more
  long wire = 0;
  std::string token;
  std::string mark;
  bool ended = false;
};

// A server request of a child to a session.
struct Question {
  Session* to = nullptr;
  long id = 0;  // the id that the session sees
  bool token = false;
  Clock::time_point due;
};

// A child and the state of its current process.
struct Child {
  test::FakeLink* link = nullptr;  // nullptr: destroyed
  std::string name;
  bool replaced = false;
  bool ended = false;  // will not be restarted
  bool was_ready = false;
  bool trouble = false;                 // too many failed starts
  std::vector<Session*> sessions;       // sessions it serves; served, if it is replaced
  std::map<std::string, long> changes;  // changes of its lists, by capability

  bool ready = false;
  bool initialized = false;   // was sent `initialize`
  std::map<long, Work> work;  // by wire id
  std::deque<std::pair<child::LineNumber, std::string>> unread;
  std::set<long> answered;
  std::map<std::string, Task> tasks;
  std::map<long, Question> questions;  // by the child's id
  long next_question = 1;
  std::map<std::string, Session*> elicitations;
  std::set<std::string> subscriptions;
  std::optional<int> level;
  // Lines that it must receive because of the current act, by id; an empty text means an error.
  std::multimap<std::string, std::string> due;

  bool dedicated() const { return name.starts_with("own"); }
  bool ending() const { return link == nullptr || ended || !link->stopping.empty(); }
  bool up() const { return link != nullptr && link->up; }
};

class World {
 public:
  World(std::uint32_t seed, mux::InstancesOptions options);
  ~World();

  // Performs one random act and checks its effects.
  void act();
  // Answers every call, closes every session, ends every child. Nothing may be left.
  void wind_down();
  // The violated rules with the last lines of both sides; empty if there are none.
  std::string complaints() const;

 private:
  friend struct Session;

  struct Delivery {
    int to;
    std::string text;
    std::string via;  // mark of the call that delivered it; empty: no call; "*": either
  };

  // model.cpp: expectations and checks
  std::size_t pick(std::size_t below) { return random_() % below; }
  bool chance(unsigned percent) { return pick(100) < percent; }
  void wrong(const std::string& what);
  void note(std::string line);
  void expect(Session* to, std::string text, std::string via = "*");
  void heard(Session& by, const Asked* on, std::string text);
  void answered(const AskedPtr& asked, const mux::Answer& answer);
  void answered_here(const Asked& asked, const mux::Answer& answer);
  void check();
  void check_deliveries();
  void check_limits();
  void on_line(Child& child, child::LineNumber number, const std::string& text);
  void on_request_to(Child& child, child::LineNumber number, const std::string& text,
                     const Json& line);
  void on_notification_to(Child& child, const std::string& text, const Json& line);
  void on_reply_to(Child& child, const std::string& text, const Json& line);
  void settle();
  void check_settled();
  Child& now(const std::string& instance);
  std::vector<Session*> live(const Child& child) const;
  std::size_t held_by(const Session& session) const;
  std::size_t open_of_owner_of(const Asked& asked) const;

  // model_clients.cpp: acts of clients
  void join();
  void leave(Session& session);
  void ask(Session* session);
  void fill(Asked& asked, Session* session);
  void send(const AskedPtr& asked);
  void misspell(const std::string& text);
  void take_back(const Asked& unsubscribe);
  void cancel(Session& session);
  void answer_question(Session& session);
  void notify(Session& session);
  void tell_answer(Session& session, long id);
  Session* some_session();

  // model_children.cpp: acts of children
  using Utterance = std::optional<std::string>;
  void read(Child& child, std::size_t lines);
  void take_in(Child& child, Work& work);
  void speak(Child& child);
  void say(Child& child, std::string text);
  Utterance utter(Child& child, bool first, bool alone);
  Utterance answer(Child& child);
  std::string answer(Child& child, long wire);
  std::string make_task(Child& child, long wire, const Asked& asked);
  std::string spelled(long id);
  void end_task(Child& child, const std::string& id);
  void shake(Child& child, bool well);
  Utterance too_long(Child& child);
  Utterance answer_wrongly(Child& child);
  Utterance progress(Child& child);
  Utterance log(Child& child);
  Utterance update(Child& child);
  Utterance list_changed(Child& child);
  Utterance question(Child& child);
  Utterance withdraw_question(Child& child);
  Utterance task_status(Child& child);
  Utterance elicitation_complete(Child& child);
  Utterance junk(Child& child);
  Utterance misspelt(Child& child);
  std::set<int> origins(const Child& child) const;
  std::optional<Session*> certain_origin(const Child& child) const;
  void die(Child& child, unsigned failed_starts);
  void come_up(Child& child);
  void finish(Child& child);
  void replace_all();
  void pass_time(Clock::duration by);

  std::mt19937 random_;
  mux::InstancesOptions options_;
  test::ManualTimers timers_;
  observe::Log log_ = observe::make_null_log();
  observe::Metrics metrics_;
  std::vector<std::unique_ptr<Child>> children_;    // includes destroyed ones
  std::vector<std::unique_ptr<Session>> sessions_;  // includes closed ones
  std::optional<mux::Instances> instances_;

  std::vector<std::string> trace_;
  std::vector<std::string> problems_;
  std::vector<Delivery> expected_, actual_;
  std::vector<AskedPtr> owed_;           // the child has just answered them
  std::map<long, std::string> wires_;    // every wire id given so far → mark
  std::set<const Asked*> dying_;         // open calls of the process that is ending
  std::map<std::string, AskedPtr> all_;  // by mark
  long next_mark_ = 1;
  long next_question_id_ = 1;  // as sessions see it
  int stops_ = 0;
};

}  // namespace sidecar::model
