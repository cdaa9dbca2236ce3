// Model: messages that children write, and the sessions to which they may be delivered.
#include <algorithm>
#include <fmt/format.h>

#include "model.hpp"
#include "support/spellings.hpp"

namespace sidecar::model {
namespace {

constexpr const char* kRelatedTask = "io.modelcontextprotocol/related-task";
constexpr const char* kTools =
    R"([{"name":"do"},{"name":"look","annotations":{"readOnlyHint":true}}])";
constexpr const char* kStatuses[] = {"working", "input_required", "completed", "failed",
                                     "cancelled"};

bool ends(const std::string& status) {
  return status == "completed" || status == "failed" || status == "cancelled";
}

}  // namespace

std::string notification(const std::string& method, const std::string& params) {
  return fmt::format(R"({{"jsonrpc":"2.0","method":"notifications/{}","params":{}}})", method,
                     params);
}

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

// Earlier messages of the same batch may change the sessions it works for and its subscribers.
World::Utterance World::utter(Child& child, bool first, bool alone) {
  const std::size_t kind = pick(100);
  if (kind < 35) return answer(child);
  if (kind < 50) return progress(child);
  if (kind < 54) return answer_wrongly(child);
  if (kind < 55) return misspelt(child);
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
  std::string told;  // what the client must receive if it differs from `said`
  if (work.fails) {
    const bool elicits = chance(20);
    const std::string elicitation = fmt::format("E{}", pick(3));
    if (elicits && asked->open && asked->by != nullptr)
      child.elicitations.emplace(elicitation, asked->by);
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
    return fmt::format(R"({{"jsonrpc":"2.0","id":{},"{}":{}}})", id,
                       work.fails ? "error" : "result", value);
  };
  if (asked && asked->open) {
    asked->due = text(asked->id, told.empty() ? said : told);
    owed_.push_back(asked);
  }
  return text(spelled(wire), said);
}

// Some servers convert ids; they name the same calls.
std::string World::spelled(long id) {
  const std::string plain = std::to_string(id);
  if (chance(90)) return plain;
  return chance(50) ? '"' + plain + '"' : plain + ".0";
}

// The sidecar learns of the task when it reads the result.
std::string World::make_task(Child& child, long wire, const Asked& asked) {
  const auto in_use = [&child](const std::string& id) {
    return child.tasks.contains(id) ||
           std::any_of(child.work.begin(), child.work.end(), [&id](const auto& work) {
             return work.second.params.value("taskId", "") == id;
           });
  };
  std::string id = "T1";
  for (int number = 2; in_use(id); ++number) id = fmt::format("T{}", number);
  Task& task = child.tasks[id];
  task.by = asked.open ? asked.by : nullptr;  // no client waits: the task has no owner
  task.wire = wire;
  task.token = asked.token;
  task.mark = asked.mark;
  const std::string status = chance(85) ? "working" : "completed";
  if (ends(status)) end_task(child, id);
  return fmt::format(R"({{"task":{{"taskId":"{}","status":"{}"}},"mark":"{}"}})", id, status,
                     asked.mark);
}

// A task without an owner is forgotten when it ends.
void World::end_task(Child& child, const std::string& id) {
  const auto task = child.tasks.find(id);
  if (task == child.tasks.end()) return;
  task->second.ended = true;
  if (task->second.by == nullptr) child.tasks.erase(task);
}

// An answer to a request that was answered before or never sent.
World::Utterance World::answer_wrongly(Child& child) {
  std::vector<std::string> ids = {R"("1x")", "0", "-1", "1.5", "99999999999999999999", "1000000"};
  for (const long wire : child.answered) ids.push_back(std::to_string(wire));
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{{"late":true}}}})",
                     ids[pick(ids.size())]);
}

// An answer or a notification with another spelling of one of its members added.
World::Utterance World::misspelt(Child& child) {
  static constexpr std::pair<const char*, const char*> kNames[] = {{"id", ""},
                                                                   {"result", ""},
                                                                   {"method", ""},
                                                                   {"progressToken", "progress"},
                                                                   {"uri", "resources/updated"},
                                                                   {"level", "message"},
                                                                   {"taskId", "tasks/status"},
                                                                   {"requestId", "cancelled"}};
  const auto& [name, method] = kNames[pick(std::size(kNames))];
  const std::vector<std::string> spellings = test::spellings_of(name);
  const std::string key = spellings[pick(spellings.size())];
  const long id = child.work.empty() ? 1 : child.work.begin()->first;
  if (*method == '\0')
    return fmt::format(R"({{"jsonrpc":"2.0","id":{},"{}":{},"result":{{}}}})", id, key, id);
  return notification(method, fmt::format(R"({{"{}":{},"{}":{}}})", name, id, key, id));
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
    return notification(
        "progress",
        fmt::format(R"({{"progressToken":{},"progress":{},"mark":"{}"}})", token, progress, mark));
  };
  if (!child.tasks.empty() && chance(20)) {
    const Task& task =
        std::next(child.tasks.begin(), static_cast<long>(pick(child.tasks.size())))->second;
    if (!task.token.empty() && !task.ended) expect(task.by, text(task.token, 1, task.mark), "");
    return text(std::to_string(task.wire), 1, task.mark);
  }
  if (child.work.empty() || chance(10)) return text(std::to_string(1000 + pick(1000)), 1, "");
  auto& [wire, work] = *std::next(child.work.begin(), static_cast<long>(pick(child.work.size())));
  const AskedPtr& asked = work.asked;
  ++work.progress;
  if (!asked) return text(std::to_string(wire), work.progress, "");
  if (asked->open && !asked->token.empty() &&
      (asked->deaths == 0 || work.progress > asked->progress)) {
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
  if (const auto to = child.elicitations.find(id); to != child.elicitations.end())
    expect(to->second, text);
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

// Numbers of the sessions it may be working for; 0: REST, the sidecar itself, or no session any
// more.
std::set<int> World::origins(const Child& child) const {
  const auto number = [](const Session* session) {
    return session != nullptr ? session->number : 0;
  };
  std::set<int> all;
  for (const auto& [wire, work] : child.work) {
    if (work.method != "initialize") all.insert(work.asked ? number(work.asked->by) : 0);
  }
  for (const auto& [id, task] : child.tasks) {
    if (!task.ended) all.insert(number(task.by));
  }
  return all;
}

// The only session it can mean; nullptr: none that can be reached; nothing: it is ambiguous.
std::optional<Session*> World::certain_origin(const Child& child) const {
  const std::vector<Session*> all = live(child);
  if (child.dedicated()) return all.empty() ? std::nullopt : std::optional(all.front());
  const std::set<int> possible = origins(child);
  if (possible.size() != 1) return std::nullopt;
  const int number = *possible.begin();
  return number == 0 || sessions_[static_cast<std::size_t>(number - 1)]->left
             ? nullptr
             : sessions_[static_cast<std::size_t>(number - 1)].get();
}

World::Utterance World::log(Child& child) {
  const bool is_log = chance(70);
  // Levels set after its replacement apply to the new child only.
  const int level = is_log && !child.replaced ? static_cast<int>(pick(8)) : 7;
  const std::string text =
      is_log ? notification("message",
                            fmt::format(R"({{"level":"{}","data":"secret"}})", kLevels[level]))
             : notification("unheard", R"({"data":"secret"})");
  note(fmt::format("{} works for {}", child.name, fmt::join(origins(child), ", ")));
  std::vector<Session*> to = live(child);
  const bool some_chose =
      std::any_of(to.begin(), to.end(), [](auto* session) { return session->level; });
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
  const char* method = kind == 0   ? "sampling/createMessage"
                       : kind == 3 ? "roots/list"
                                   : "elicitation/create";
  const std::string elicitation = fmt::format("E{}", pick(3));
  const std::string task = chance(30) ? fmt::format("T{}", 1 + pick(4)) : "";
  const bool token = chance(50);
  const auto text = [&](long as_id, long as_token) {
    return fmt::format(
        R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{{{}"_meta":{{{}{}"x":1}}}}}})", as_id,
        method, kind == 2 ? fmt::format(R"("mode":"url","elicitationId":"{}",)", elicitation) : "",
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
      if (work.asked && work.asked->by == &session && work.asked->open)
        working.push_back(work.asked);
    }
    const bool declared = kind == 0 ? session.sampling : kind == 1 ? session.forms : session.urls;
    const bool reachable =
        session.listening || (task.empty() && session.streams && working.size() == 1);
    // A shared child may ask clients only if the handshake declared their capabilities.
    passes =
        (child.dedicated() || (declared && options_.sharing == mux::Sharing::kShared)) && reachable;
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
  const auto question =
      std::next(child.questions.begin(), static_cast<long>(pick(child.questions.size())));
  expect(question->second.to, text(question->second.id));
  const long id = question->first;
  child.questions.erase(question);
  return text(id);
}

}  // namespace sidecar::model
