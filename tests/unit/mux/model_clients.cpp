// Model: acts of clients.
#include <fmt/format.h>

#include "model.hpp"
#include "session/post_body.hpp"
#include "support/spellings.hpp"

namespace sidecar::model {
namespace {

jsonrpc::Message parsed(std::string text) {
  auto message = jsonrpc::parse(std::move(text));
  if (!message) throw std::logic_error("the model wrote no message");
  return std::move(*message);
}

}  // namespace

Session* World::some_session() {
  std::vector<Session*> all;
  for (const auto& session : sessions_) {
    if (!session->left) all.push_back(session.get());
  }
  return all.empty() ? nullptr : all[pick(all.size())];
}

void World::join() {
  static constexpr const char* kNames[] = {"ann", "bob", "cy"};
  sessions_.push_back(std::make_unique<Session>(*this));
  Session& session = *sessions_.back();
  session.number = static_cast<int>(sessions_.size());
  session.owner = kNames[pick(3)];
  session.streams = chance(50);
  const bool initializes = chance(70);
  auto asked = std::make_shared<Asked>();
  asked->by = &session;
  asked->id = "0";
  asked->mark = std::to_string(next_mark_++);
  asked->method = "ping";
  if (initializes) {
    session.sampling = chance(40);
    session.forms = chance(30);
    session.urls = chance(30);
    std::string capabilities = R"("roots":{})";
    if (session.sampling) capabilities += R"(,"sampling":{})";
    if (session.forms || session.urls) {
      capabilities +=
          fmt::format(R"(,"elicitation":{{{}{}{}}})", session.forms ? R"("form":{})" : "",
                      session.forms && session.urls ? "," : "", session.urls ? R"("url":{})" : "");
    }
    asked->method = "initialize";
    asked->params =
        fmt::format(R"("protocolVersion":"2025-11-25","capabilities":{{{}}})", capabilities);
  }
  auto lease = instances_->join(
      session, auth::Principal{.owner = session.owner, .address = {}, .has_key = true},
      parsed(asked->text(asked->id, "")));
  session.lease = *std::move(lease);
  session.instance = session.lease->instance();
  note(fmt::format("{} of {} joins {}{}", session.number, session.owner, session.instance,
                   session.streams ? ", streams" : ""));
  now(session.instance).sessions.push_back(&session);
  send(asked);
}

void World::leave(Session& session) {
  note(fmt::format("{} leaves", session.number));
  for (const auto& child : children_) {
    for (auto question = child->questions.begin(); question != child->questions.end();) {
      if (question->second.to != &session) {
        ++question;
        continue;
      }
      child->due.emplace(std::to_string(question->first), "");
      question = child->questions.erase(question);
    }
    std::erase_if(child->tasks, [&](const auto& task) {
      return task.second.by == &session && task.second.ended;
    });
    for (auto& [id, task] : child->tasks) {
      if (task.by == &session) task.by = nullptr;
    }
  }
  for (const auto& [id, asked] : session.open) asked->open = false;
  session.left = true;
  session.lease.reset();
}

void World::ask(Session* session) {
  static constexpr const char* kIds[] = {
      "1", R"("1")", "1.0", "2", R"("\u0031")", "-0", "123456789012345678901", R"("a\"b")"};
  auto asked = std::make_shared<Asked>();
  asked->by = session;
  asked->id = kIds[pick(std::size(kIds))];
  if (session != nullptr && session->open.contains(asked->id)) return;
  if (session != nullptr && session->lease->has_call(asked->id))
    return wrong("a call that the client does not have");
  asked->mark = std::to_string(next_mark_++);
  if (chance(60)) asked->token = chance(50) ? "1" : R"("t")";
  fill(*asked, session);
  send(asked);
}

void World::fill(Asked& asked, Session* session) {
  static constexpr const char* kUris[] = {"a", "b", "c", "d"};
  static constexpr const char* kTasks[] = {"T1", "T2", "T3", "T4", "none"};
  static constexpr const char* kLists[] = {"tools/list", "prompts/list", "resources/list"};
  static constexpr const char* kAboutTasks[] = {"tasks/get", "tasks/result", "tasks/cancel"};
  const std::size_t kind = pick(session == nullptr ? 40 : 100);
  if (kind < 30) {
    asked.method = "tools/call";
    asked.safe = chance(50);
    asked.params = fmt::format(R"("name":"{}","x":1.10)", asked.safe ? "look" : "do");
  } else if (kind < 40) {
    asked.method = kLists[pick(3)];
    asked.safe = true;
    asked.subject = chance(30) ? "c" : "";
    if (!asked.subject.empty()) asked.params = R"("cursor":"c")";
    asked.tenant = chance(20);
    if (session != nullptr)
      asked.changes =
          now(session->instance).changes[asked.method.substr(0, asked.method.find('/'))];
  } else if (kind < 50) {
    asked.method = "resources/read";
    asked.safe = true;
    asked.params = R"("uri":"a")";
  } else if (kind < 65) {
    asked.method = chance(60) ? "resources/subscribe" : "resources/unsubscribe";
    asked.subject = kUris[pick(4)];
    asked.params = fmt::format(R"("uri":"{}")", asked.subject);
  } else if (kind < 72) {
    // One at a time: of two, the child decides by the order of its answers which one counts.
    for (const auto& [id, other] : session->open) {
      if (other->method == "logging/setLevel") return fill(asked, session);
    }
    asked.method = "logging/setLevel";
    const std::size_t level = pick(8);
    asked.subject = std::to_string(level);
    asked.params = fmt::format(R"("level":"{}")", kLevels[level]);
  } else if (kind < 80) {
    asked.method = "tools/call";
    asked.makes_task = true;
    asked.params = R"("name":"do","task":{"ttl":1})";
  } else if (kind < 90) {
    asked.method = kAboutTasks[pick(3)];
    asked.subject = kTasks[pick(5)];
    asked.params = fmt::format(R"("taskId":"{}")", asked.subject);
  } else if (kind < 93) {
    asked.method = "tasks/list";
  } else if (kind < 96) {
    asked.method = "ping";
  } else {
    asked.method = "unheard/of";
  }
}

void World::send(const AskedPtr& asked) {
  Session* const session = asked->by;
  asked->at = timers_.now();
  all_.emplace(asked->mark, asked);
  const std::string text = asked->text(asked->id, asked->token);
  if (chance(10)) misspell(text);
  note(fmt::format("{} > {}", session != nullptr ? session->number : 0, text));
  mux::Reply::Notify notify;
  if (session != nullptr && session->streams)
    notify = [this, session, asked](std::string said) {
      heard(*session, asked.get(), std::move(said));
    };
  mux::Reply reply(
      asked->id, [this, asked](mux::Answer answer) { answered(asked, answer); }, std::move(notify));
  if (session == nullptr) return instances_->request("rest", parsed(text), std::move(reply));
  session->open.emplace(asked->id, asked);
  session->lease->request(parsed(text), std::move(reply));
}

// Sends the request with another spelling of one of its members added. It must not be accepted,
// neither alone nor in a batch.
void World::misspell(const std::string& text) {
  static constexpr std::pair<const char*, const char*> kNames[] = {
      {"id", R"({"jsonrpc")"},
      {"method", R"({"jsonrpc")"},
      {"params", R"({"jsonrpc")"},
      {"_meta", R"("_meta")"},
      {"progressToken", R"("traceparent")"}};
  const auto& [name, before] = kNames[pick(std::size(kNames))];
  const std::vector<std::string> spellings = test::spellings_of(name);
  const std::string key = spellings[pick(spellings.size())];
  std::string odd = text;
  const bool inside = *before == '{';
  odd.insert(odd.find(before) + (inside ? 1 : 0), fmt::format(R"("{}":1,)", key));
  const auto batch = session::parse_post_body(fmt::format("[{},{}]", odd, text), true);
  if (jsonrpc::parse(odd) || !batch || batch->elements.size() != 2 || batch->elements[0] ||
      !batch->elements[1])
    wrong("accepted as a message: " + odd);
}

// Applies an unsubscribe: when the child receives it, or when it is answered without the child.
void World::take_back(const Asked& unsubscribe) {
  unsubscribe.by->subscribed.erase(unsubscribe.subject);
  for (const auto& [id, other] : unsubscribe.by->open) {
    const bool before = std::stol(other->mark) < std::stol(unsubscribe.mark);
    if (before && other->method == "resources/subscribe" && other->subject == unsubscribe.subject)
      other->undone = true;
  }
}

void World::cancel(Session& session) {
  std::string id = chance(50) ? "1" : R"("1")";
  if (!session.open.empty() && chance(70))
    id = std::next(session.open.begin(), static_cast<long>(pick(session.open.size())))->first;
  const auto open = session.open.find(id);
  AskedPtr asked = open == session.open.end() ? nullptr : open->second;
  if (asked && asked->method == "initialize") asked = nullptr;  // must not be cancelled
  if (asked) asked->cancelled = true;
  const std::string text = fmt::format(
      R"({{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{},"reason":"r"}}}})",
      id);
  note(fmt::format("{} > {}", session.number, text));
  session.lease->notification(parsed(text));
  if (asked && asked->open) wrong("a cancelled request goes on");
}

void World::answer_question(Session& session) {
  std::vector<long> own, others;
  for (const auto& child : children_) {
    for (const auto& [id, question] : child->questions)
      (question.to == &session ? own : others).push_back(question.id);
  }
  if (!own.empty() && chance(70)) return tell_answer(session, own[pick(own.size())]);
  if (!others.empty() && chance(50)) return tell_answer(session, others[pick(others.size())]);
  tell_answer(session, static_cast<long>(pick(static_cast<std::size_t>(next_question_id_) + 5)));
}

void World::tell_answer(Session& session, long id) {
  const auto text = [&](const std::string& as) {
    return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{{"by":{}}}}})", as, session.number);
  };
  for (const auto& child : children_) {
    for (const auto& [childs, question] : child->questions) {
      if (question.id != id || question.to != &session) continue;
      child->due.emplace(std::to_string(childs), text(std::to_string(childs)));
      child->questions.erase(childs);
      break;
    }
  }
  note(fmt::format("{} > {}", session.number, text(std::to_string(id))));
  session.lease->answer(parsed(text(std::to_string(id))));
}

// Sends progress on an answer to the child, or a notification that concerns no request.
void World::notify(Session& session) {
  std::string text = chance(50) ? R"({"jsonrpc":"2.0","method":"notifications/roots/list_changed"})"
                                : R"({"jsonrpc":"2.0","method":"notifications/initialized"})";
  if (chance(70)) {
    const auto progress = [](long token) {
      return fmt::format(
          R"({{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{},"progress":1}}}})",
          token);
    };
    const long id = static_cast<long>(pick(static_cast<std::size_t>(next_question_id_) + 5));
    text = progress(id);
    for (const auto& child : children_) {
      for (const auto& [childs, question] : child->questions) {
        if (question.id == id && question.to == &session && question.token)
          child->due.emplace(std::to_string(1000 + childs), progress(1000 + childs));
      }
    }
  }
  note(fmt::format("{} > {}", session.number, text));
  session.lease->notification(parsed(text));
}

}  // namespace sidecar::model
