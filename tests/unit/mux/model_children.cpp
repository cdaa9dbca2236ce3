// Model: what children do.
#include <algorithm>
#include <fmt/format.h>

#include "model.hpp"

namespace sidecar::model {
namespace {

constexpr const char* kRelatedTask = "io.modelcontextprotocol/related-task";
constexpr const char* kCapabilities =
    R"({"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"logging":{},"tasks":{}})";
constexpr const char* kTools = R"([{"name":"do"},{"name":"look","annotations":{"readOnlyHint":true}}])";
constexpr const char* kLevels[] = {"debug", "info",     "notice", "warning",
                                   "error", "critical", "alert",  "emergency"};
constexpr const char* kStatuses[] = {"working", "input_required", "completed", "failed", "cancelled"};

bool ends(const std::string& status) {
  return status == "completed" || status == "failed" || status == "cancelled";
}

std::string notification(const std::string& method, const std::string& params) {
  return fmt::format(R"({{"jsonrpc":"2.0","method":"notifications/{}","params":{}}})", method, params);
}

std::string cancelled(long id, const char* reason) {
  return notification("cancelled", fmt::format(R"({{"requestId":{},"reason":"{}"}})", id, reason));
}

std::string capability(const std::string& method) { return method.substr(0, method.find('/')); }

}  // namespace

// --- its process
// ---------------------------------------------------------------------------------------------------------

void World::come_up(Child& child) {
  if (child.up() || child.ending() || !child.link->started || child.link->retired) return;
  note(child.name + " starts");
  child.link->come_up();
}

void World::shake(Child& child, bool well) {
  const auto initialize = std::find_if(child.work.begin(), child.work.end(),
                                       [](const auto& work) { return work.second.method == "initialize"; });
  if (initialize == child.work.end()) return;
  const std::string id = std::to_string(initialize->first);
  child.work.erase(initialize);
  child.unread.clear();
  if (!well) {
    say(child, fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{{"code":-32603,"message":"no"}}}})", id));
    if (child.link->failed_handshake.empty()) wrong("a failed handshake was taken for one");
    child.link->failed_handshake.clear();
    return die(child, static_cast<unsigned>(pick(4)));
  }
  child.ready = true;
  child.trouble = false;
  if (child.was_ready && !child.replaced) {
    for (Session* session : live(child)) {
      for (const char* list : {"tools", "prompts", "resources"})
        expect(session, fmt::format(R"({{"jsonrpc":"2.0","method":"notifications/{}/list_changed"}})", list));
    }
  }
  child.was_ready = true;
  say(child,
      fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{{"protocolVersion":"2025-11-25","capabilities":{},)"
                  R"("serverInfo":{{"name":"model","version":"1"}}}}}})",
                  id, kCapabilities));
}

// What it had not read, some of it may never have been written to it.
void World::die(Child& child, unsigned failed_starts) {
  child::Exit exit;
  exit.reason = "exited with code 1";
  exit.final = child.ending() || child.link->retired;
  exit.failed_starts = failed_starts;
  const std::size_t written = child.unread.size() - pick(child.unread.size() + 1);
  for (std::size_t i = written; i < child.unread.size(); ++i)
    exit.unwritten.push_back({child.unread[i].first, child.unread[i].second});
  const child::LineNumber first_unwritten =
      exit.unwritten.empty() ? child.link->number + 1 : exit.unwritten.front().number;
  note(fmt::format("{} dies{}, {} lines unwritten", child.name, exit.final ? " for good" : "",
                   exit.unwritten.size()));
  std::vector<AskedPtr> lost;
  for (const auto& [wire, work] : child.work) {
    if (!work.asked || !work.asked->open) continue;
    dying_.insert(work.asked.get());
    if (work.number >= first_unwritten) continue;
    ++work.asked->deaths;
    lost.push_back(work.asked);
  }
  for (Session* session : live(child)) {
    for (const auto& [id, asked] : session->open) {
      // About a task of this child, and not given to it yet.
      if (exit.final && asked->method.starts_with("tasks/")) dying_.insert(asked.get());
    }
  }
  for (const auto& [id, question] : child.questions)
    expect(question.to, cancelled(question.id, "the MCP server has ended"));
  child.trouble = child.trouble || (failed_starts >= 3 && !exit.final);
  child.ready = child.initialized = false;
  child.work.clear();
  child.unread.clear();
  child.answered.clear();
  child.tasks.clear();
  child.questions.clear();
  child.elicitations.clear();
  child.subscriptions.clear();
  child.level.reset();
  child.next_question = 1;
  for (const char* list : {"tools", "prompts", "resources"}) ++child.changes[list];
  child.link->up = false;
  child.link->wants = true;
  child.link->events->on_child_exit(std::move(exit));
  dying_.clear();
  for (const AskedPtr& asked : lost) {
    if (asked->open && (!asked->safe || asked->makes_task || asked->asked_client || asked->deaths > 1))
      wrong("a call waits for a child although it must not be repeated: " + asked->mark);
  }
}

// The end that was asked for with stop().
void World::finish(Child& child) {
  if (child.link->stopping.empty()) return;
  note(child.name + " is ended");
  if (child.up()) die(child, 0);
  check();
  child.ended = true;
  child.link->finish_stop();
  pass_time({});
}

void World::replace_all() {
  note("all are replaced");
  const std::size_t before = children_.size();
  const std::size_t replaced = instances_->restart();
  if (replaced != children_.size() - before) wrong("not as many were replaced as it says");
  for (std::size_t i = before; i < children_.size(); ++i) {
    Child& next = *children_[i];
    const auto old = std::find_if(children_.begin(), children_.end(), [&next](const auto& each) {
      return each->name == next.name && !each->replaced && each.get() != &next && each->link != nullptr;
    });
    if (old == children_.end()) return wrong("a child was replaced that was not there");
    (*old)->replaced = true;
    // What changes the child's state goes to the new one; the old one only has a tombstone of it.
    for (auto& [wire, work] : (*old)->work) {
      const bool state = work.method == "resources/subscribe" || work.method == "logging/setLevel";
      if (!state || !work.asked || !work.asked->open || work.asked->undone) continue;
      work.asked = std::make_shared<Asked>(*work.asked);
      work.asked->open = false;
    }
    next.sessions = live(**old);
    next.was_ready = (*old)->was_ready;
    next.changes = (*old)->changes;
    for (const char* list : {"tools", "prompts", "resources"}) ++next.changes[list];
  }
}

void World::pass_time(Clock::duration by) {
  if (by > Clock::duration::zero())
    note(fmt::format("{} ms pass", std::chrono::duration_cast<std::chrono::milliseconds>(by).count()));
  for (const auto& child : children_) {
    for (auto question = child->questions.begin(); question != child->questions.end();) {
      if (question->second.due > timers_.now() + by) {
        ++question;
        continue;
      }
      expect(question->second.to, cancelled(question->second.id, "no answer in time"));
      child->due.emplace(std::to_string(question->first), "");
      question = child->questions.erase(question);
    }
  }
  timers_.advance(by);
}

// --- what it reads
// -------------------------------------------------------------------------------------------------------

void World::read(Child& child, std::size_t lines) {
  for (; lines > 0 && !child.unread.empty() && child.link->wants; --lines) {
    const Json line = Json::parse(child.unread.front().second);
    child.unread.pop_front();
    if (!line.contains("id") || !line.contains("method")) continue;
    if (const auto work = child.work.find(line["id"].get<long>()); work != child.work.end())
      take_in(child, work->second);
  }
}

void World::take_in(Child& child, Work& work) {
  work.read = true;
  work.fails = work.asked && chance(10);
  // Whether there is such a resource does not depend on who asks.
  if (work.asked && work.method.ends_with("subscribe")) work.fails = work.params["uri"] == "d";
  work.changes = child.changes[capability(work.method)];
  if (work.fails) return;
  if (work.method == "resources/subscribe") child.subscriptions.insert(work.params["uri"].get<std::string>());
  if (work.method == "resources/unsubscribe")
    child.subscriptions.erase(work.params["uri"].get<std::string>());
  if (work.method == "logging/setLevel")
    child.level =
        static_cast<int>(std::find(std::begin(kLevels), std::end(kLevels), work.params["level"]) - kLevels);
}

// --- what it says
// ----------------------------------------------------------------------------------------------------------

void World::say(Child& child, std::string text) {
  note(fmt::format("{}{} > {}", child.name, child.replaced ? " (replaced)" : "", text));
  child.link->say(std::move(text));
}

void World::speak(Child& child) {
  const std::size_t count = chance(85) ? 1 : 2 + pick(2);
  std::vector<std::string> said;
  for (std::size_t i = 0; i < count; ++i) {
    if (Utterance text = utter(child, i == 0, count == 1)) said.push_back(std::move(*text));
  }
  if (said.size() == 1) return say(child, std::move(said.front()));
  if (!said.empty()) say(child, fmt::format("[{}]", fmt::join(said, ",")));
}

// For whom it works, and who is subscribed, may change with what it says before in the same batch.
World::Utterance World::utter(Child& child, bool first, bool alone) {
  const std::size_t kind = pick(100);
  if (kind < 35) return answer(child);
  if (kind < 50) return progress(child);
  if (kind < 55) return answer_wrongly(child);
  if (kind < 60) return task_status(child);
  if (kind < 63) return elicitation_complete(child);
  if (kind < 66) return withdraw_question(child);
  if (kind < 70) return list_changed(child);
  if (!first) return std::nullopt;
  if (kind < 75) return update(child);
  if (kind < 86) return log(child);
  if (kind < 97) return question(child);
  if (!alone) return std::nullopt;
  return kind < 98 ? too_long(child) : junk(child);
}

World::Utterance World::answer(Child& child) {
  std::vector<long> read;
  for (const auto& [wire, work] : child.work) {
    if (work.read && work.method != "initialize") read.push_back(wire);
  }
  if (read.empty()) return std::nullopt;
  return answer(child, read[pick(read.size())]);
}

std::string World::answer(Child& child, long wire) {
  const Work work = child.work.at(wire);
  child.work.erase(wire);
  child.answered.insert(wire);
  const AskedPtr& asked = work.asked;
  std::string said = asked ? fmt::format(R"({{"mark":"{}"}})", asked->mark) : "{}";
  std::string told;  // to the client, where that is something else
  if (work.fails) {
    const bool elicits = chance(20);
    const std::string elicitation = fmt::format("E{}", pick(3));
    if (elicits && asked->open && asked->by != nullptr) child.elicitations.emplace(elicitation, asked->by);
    said = fmt::format(
        R"({{"code":{},"message":"m","data":{{"mark":"{}","elicitations":[{{"elicitationId":"{}"}}]}}}})",
        elicits ? -32042 : -32000, asked->mark, elicitation);
  } else if (work.method == "tasks/list") {
    std::vector<std::string> all, own;
    for (const auto& [id, task] : child.tasks) {
      all.push_back(fmt::format(R"({{"taskId":"{}"}})", id));
      if (task.by == asked->by) own.push_back(all.back());
    }
    said = fmt::format(R"({{"tasks":[{}],"mark":"{}"}})", fmt::join(all, ","), asked->mark);
    told = fmt::format(R"({{"tasks":[{}],"mark":"{}"}})", fmt::join(own, ","), asked->mark);
  } else if (work.method.ends_with("/list")) {
    said = fmt::format(R"({{"list":"{}","cursor":"{}","changes":{},"tools":{}}})", work.method,
                       work.params.value("cursor", ""), work.changes, kTools);
  } else if (work.method.starts_with("tasks/")) {
    const std::string id = work.params["taskId"];
    const std::string status = work.method == "tasks/cancel" ? "cancelled" : kStatuses[pick(5)];
    said = fmt::format(R"({{"taskId":"{}","status":"{}"}})", id, status);
    if (work.method == "tasks/result" || ends(status)) end_task(child, id);
  } else if (asked && asked->makes_task) {
    said = make_task(child, wire, *asked);
  }
  const auto text = [&](const std::string& id, const std::string& value) {
    return fmt::format(R"({{"jsonrpc":"2.0","id":{},"{}":{}}})", id, work.fails ? "error" : "result", value);
  };
  if (asked && asked->open) {
    asked->due = text(asked->id, told.empty() ? said : told);
    owed_.push_back(asked);
  }
  return text(std::to_string(wire), said);
}

// The sidecar hears of it as soon as it is said.
std::string World::make_task(Child& child, long wire, const Asked& asked) {
  const auto in_use = [&child](const std::string& id) {
    return child.tasks.contains(id) ||
           std::any_of(child.work.begin(), child.work.end(),
                       [&id](const auto& work) { return work.second.params.value("taskId", "") == id; });
  };
  std::string id = "T1";
  for (int number = 2; in_use(id); ++number) id = fmt::format("T{}", number);
  Task& task = child.tasks[id];
  task.by = asked.open ? asked.by : nullptr;  // else nobody knows of it
  task.wire = wire;
  task.token = asked.token;
  task.mark = asked.mark;
  const std::string status = chance(85) ? "working" : "completed";
  if (ends(status)) end_task(child, id);
  return fmt::format(R"({{"task":{{"taskId":"{}","status":"{}"}},"mark":"{}"}})", id, status, asked.mark);
}

// One that nobody has is forgotten when it ends.
void World::end_task(Child& child, const std::string& id) {
  const auto task = child.tasks.find(id);
  if (task == child.tasks.end()) return;
  task->second.ended = true;
  if (task->second.by == nullptr) child.tasks.erase(task);
}

// An answer to what it has answered, or was never asked.
World::Utterance World::answer_wrongly(Child& child) {
  std::vector<std::string> ids = {R"("1")", "0", "-1", "1.5", "99999999999999999999", "1000000"};
  for (const long wire : child.answered) ids.push_back(std::to_string(wire));
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{{"late":true}}}})", ids[pick(ids.size())]);
}

World::Utterance World::too_long(Child& child) {
  for (auto& [wire, work] : child.work) {
    if (!work.read || (work.method != "tools/call" && work.method != "resources/read")) continue;
    note(fmt::format("{} > an answer to {} beyond the limit", child.name, wire));
    const AskedPtr asked = work.asked;
    if (asked && asked->open) {
      asked->too_large = true;
      owed_.push_back(asked);
    }
    const std::string first = fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{{"x":")", wire);
    child.answered.insert(wire);
    child.work.erase(wire);
    child.link->events->on_child_line_too_long(first, "\"}}", 100 << 20);
    break;
  }
  return std::nullopt;
}

World::Utterance World::progress(Child& child) {
  const auto text = [](const std::string& token, int progress, const std::string& mark) {
    return notification("progress", fmt::format(R"({{"progressToken":{},"progress":{},"mark":"{}"}})", token,
                                                progress, mark));
  };
  if (!child.tasks.empty() && chance(20)) {
    const Task& task = std::next(child.tasks.begin(), static_cast<long>(pick(child.tasks.size())))->second;
    if (!task.token.empty() && !task.ended) expect(task.by, text(task.token, 1, task.mark), "");
    return text(std::to_string(task.wire), 1, task.mark);
  }
  if (child.work.empty() || chance(10)) return text(std::to_string(1000 + pick(1000)), 1, "");
  auto& [wire, work] = *std::next(child.work.begin(), static_cast<long>(pick(child.work.size())));
  const AskedPtr& asked = work.asked;
  ++work.progress;
  if (!asked) return text(std::to_string(wire), work.progress, "");
  if (asked->open && !asked->token.empty() && (asked->deaths == 0 || work.progress > asked->progress)) {
    asked->progress = std::max<double>(asked->progress, work.progress);
    if (asked->by != nullptr)
      expect(asked->by, text(asked->token, work.progress, asked->mark),
             asked->by->streams ? asked->mark : "");
  }
  return text(std::to_string(wire), work.progress, asked->mark);
}

World::Utterance World::update(Child& child) {
  const std::string uri(1, static_cast<char>('a' + pick(3)));
  const std::string text = notification("resources/updated", fmt::format(R"({{"uri":"{}"}})", uri));
  for (Session* session : live(child)) {
    if (session->subscribed.contains(uri) && !child.replaced) expect(session, text);
  }
  return text;
}

World::Utterance World::list_changed(Child& child) {
  const std::string list = std::vector<std::string>{"tools", "prompts", "resources"}[pick(3)];
  const std::string text = notification(list + "/list_changed", "{}");
  ++child.changes[list];
  for (Session* session : live(child)) {
    if (!child.replaced) expect(session, text);
  }
  return text;
}

World::Utterance World::task_status(Child& child) {
  const std::string id = fmt::format("T{}", 1 + pick(4));
  const std::string status = kStatuses[pick(5)];
  const std::string text =
      notification("tasks/status", fmt::format(R"({{"taskId":"{}","status":"{}"}})", id, status));
  if (const auto task = child.tasks.find(id); task != child.tasks.end()) {
    expect(task->second.by, text);
    if (ends(status)) end_task(child, id);
  }
  return text;
}

World::Utterance World::elicitation_complete(Child& child) {
  const std::string id = fmt::format("E{}", pick(3));
  const std::string text =
      notification("elicitation/complete", fmt::format(R"({{"elicitationId":"{}"}})", id));
  if (const auto to = child.elicitations.find(id); to != child.elicitations.end()) expect(to->second, text);
  return text;
}

World::Utterance World::junk(Child& child) {
  static constexpr const char* kJunk[] = {"Server listening…",
                                          "",
                                          "{}",
                                          "[]",
                                          "[1]",
                                          "null",
                                          R"({"jsonrpc":"2.0"})",
                                          R"({"jsonrpc":"2.0","id":null,"result":{}})"};
  if (chance(80)) return kJunk[pick(std::size(kJunk))];
  child.due.emplace("\"p\"", R"({"jsonrpc":"2.0","id":"p","result":{}})");
  return R"({"jsonrpc":"2.0","id":"p","method":"ping"})";
}

// --- whom it may mean
// ------------------------------------------------------------------------------------------------------

// Numbers of the sessions for whom it may be working; 0: REST, the sidecar itself, nobody any more.
std::set<int> World::origins(const Child& child) const {
  const auto number = [](const Session* session) { return session != nullptr ? session->number : 0; };
  std::set<int> all;
  for (const auto& [wire, work] : child.work) {
    if (work.method != "initialize") all.insert(work.asked ? number(work.asked->by) : 0);
  }
  for (const auto& [id, task] : child.tasks) {
    if (!task.ended) all.insert(number(task.by));
  }
  return all;
}

// The one whom it must mean: nullptr: nobody that can be told; nothing: that is not certain.
std::optional<Session*> World::certain_origin(const Child& child) const {
  const std::vector<Session*> all = live(child);
  if (child.own()) return all.empty() ? std::nullopt : std::optional(all.front());
  const std::set<int> possible = origins(child);
  if (possible.size() != 1) return std::nullopt;
  const int number = *possible.begin();
  return number == 0 || sessions_[static_cast<std::size_t>(number - 1)]->left
             ? nullptr
             : sessions_[static_cast<std::size_t>(number - 1)].get();
}

World::Utterance World::log(Child& child) {
  const bool is_log = chance(70);
  // Levels that are set after it was replaced are for the next one.
  const int level = is_log && !child.replaced ? static_cast<int>(pick(8)) : 7;
  const std::string text =
      is_log ? notification("message", fmt::format(R"({{"level":"{}","data":"secret"}})", kLevels[level]))
             : notification("unheard", R"({"data":"secret"})");
  note(fmt::format("{} works for {}", child.name, fmt::join(origins(child), ", ")));
  std::vector<Session*> to = live(child);
  const bool some_chose = std::any_of(to.begin(), to.end(), [](auto* session) { return session->level; });
  const auto lets_through = [&](const Session* session) {
    return !is_log || !some_chose || level >= session->level.value_or(1);
  };
  if (const auto origin = certain_origin(child)) {
    to = {*origin};
  } else if (std::any_of(to.begin(), to.end(),
                         [&to](auto* session) { return session->owner != to[0]->owner; })) {
    to.clear();
  }
  for (Session* session : to) {
    if (session != nullptr && lets_through(session)) expect(session, text);
  }
  return text;
}

World::Utterance World::question(Child& child) {
  const long id = child.next_question++;
  const std::size_t kind = pick(4);
  const char* method = kind == 0 ? "sampling/createMessage" : kind == 3 ? "roots/list" : "elicitation/create";
  const std::string elicitation = fmt::format("E{}", pick(3));
  const std::string task = chance(30) ? fmt::format("T{}", 1 + pick(4)) : "";
  const bool token = chance(50);
  const auto text = [&](long as_id, long as_token) {
    return fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{{{}"_meta":{{{}{}"x":1}}}}}})",
                       as_id, method,
                       kind == 2 ? fmt::format(R"("mode":"url","elicitationId":"{}",)", elicitation) : "",
                       task.empty() ? "" : fmt::format(R"("{}":{{"taskId":"{}"}},)", kRelatedTask, task),
                       token ? fmt::format(R"("progressToken":{},)", as_token) : "");
  };
  std::optional<Session*> to = certain_origin(child);
  if (!task.empty()) to = child.tasks.contains(task) ? child.tasks[task].by : nullptr;

  bool passes = to && *to != nullptr && kind != 3;
  if (passes) {
    Session& session = **to;
    std::vector<AskedPtr> working;
    for (const auto& [wire, work] : child.work) {
      if (work.asked && work.asked->by == &session && work.asked->open) working.push_back(work.asked);
    }
    const bool declared = kind == 0 ? session.sampling : kind == 1 ? session.forms : session.urls;
    const bool reachable = session.listening || (task.empty() && session.streams && working.size() == 1);
    // A shared child that was not told what clients can be asked for may not ask them.
    passes = (child.own() || (declared && options_.sharing == mux::Sharing::kShared)) && reachable;
    if (passes) {
      for (const AskedPtr& asked : working) asked->asked_client = true;
      if (kind == 2) child.elicitations.emplace(elicitation, &session);
      const long peer = next_question_id_++;
      child.questions.emplace(
          id, Question{&session, peer, token, timers_.now() + options_.limits.call_timeout_total});
      expect(&session, text(peer, peer));
    }
  }
  if (!passes) child.due.emplace(std::to_string(id), "");
  return text(id, 1000 + id);
}

World::Utterance World::withdraw_question(Child& child) {
  const auto text = [](long id) {
    return notification("cancelled", fmt::format(R"({{"requestId":{}}})", id));
  };
  if (child.questions.empty() || chance(20)) return text(static_cast<long>(500 + pick(10)));
  const auto question = std::next(child.questions.begin(), static_cast<long>(pick(child.questions.size())));
  expect(question->second.to, text(question->second.id));
  const long id = question->first;
  child.questions.erase(question);
  return text(id);
}

}  // namespace sidecar::model
