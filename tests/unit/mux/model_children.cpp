// Model: processes of children and what they read. model_utterances.cpp has what they write.
#include <algorithm>
#include <fmt/format.h>

#include "model.hpp"

namespace sidecar::model {
namespace {

constexpr const char* kCapabilities =
    R"({"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"logging":{},"tasks":{}})";

std::string cancelled(long id, const char* reason) {
  return notification("cancelled", fmt::format(R"({{"requestId":{},"reason":"{}"}})", id, reason));
}

std::string capability(const std::string& method) { return method.substr(0, method.find('/')); }

}  // namespace

void World::come_up(Child& child) {
  if (child.up() || child.ending() || !child.link->started || child.link->retired) return;
  note(child.name + " starts");
  child.link->come_up();
}

void World::shake(Child& child, bool well) {
  const auto initialize = std::find_if(child.work.begin(), child.work.end(), [](const auto& work) {
    return work.second.method == "initialize";
  });
  if (initialize == child.work.end()) return;
  const std::string id = std::to_string(initialize->first);
  child.work.erase(initialize);
  child.unread.clear();
  if (!well) {
    say(child,
        fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{{"code":-32603,"message":"no"}}}})", id));
    if (child.link->failed_handshake.empty()) wrong("a failed handshake was accepted");
    child.link->failed_handshake.clear();
    return die(child, static_cast<unsigned>(pick(4)));
  }
  child.ready = true;
  child.trouble = false;
  if (child.was_ready && !child.replaced) {
    for (Session* session : live(child)) {
      for (const char* list : {"tools", "prompts", "resources"})
        expect(
            session,
            fmt::format(R"({{"jsonrpc":"2.0","method":"notifications/{}/list_changed"}})", list));
    }
  }
  child.was_ready = true;
  say(child,
      fmt::format(
          R"({{"jsonrpc":"2.0","id":{},"result":{{"protocolVersion":"2025-11-25","capabilities":{},)"
          R"("serverInfo":{{"name":"model","version":"1"}}}}}})",
          id, kCapabilities));
}

// Of the lines it has not read, a suffix may never have been written to it.
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
      // It concerns a task of this child and has not reached the child yet.
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
    if (asked->open &&
        (!asked->safe || asked->makes_task || asked->asked_client || asked->deaths > 1))
      wrong("a call waits for a child although it must not be repeated: " + asked->mark);
  }
}

// Completes the end that stop() has requested.
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
  if (replaced != children_.size() - before) wrong("the number of replaced children is wrong");
  for (std::size_t i = before; i < children_.size(); ++i) {
    Child& next = *children_[i];
    const auto old = std::find_if(children_.begin(), children_.end(), [&next](const auto& each) {
      return each->name == next.name && !each->replaced && each.get() != &next &&
             each->link != nullptr;
    });
    if (old == children_.end()) return wrong("a child was replaced that was not there");
    (*old)->replaced = true;
    // Requests that change the child's state move to the new child; the old one keeps a tombstone.
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
    note(fmt::format("{} ms pass",
                     std::chrono::duration_cast<std::chrono::milliseconds>(by).count()));
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
  // Resource "d" does not exist, whichever session asks for it.
  if (work.asked && work.method.ends_with("subscribe")) work.fails = work.params["uri"] == "d";
  work.changes = child.changes[capability(work.method)];
  if (work.fails) return;
  if (work.method == "resources/subscribe")
    child.subscriptions.insert(work.params["uri"].get<std::string>());
  if (work.method == "resources/unsubscribe")
    child.subscriptions.erase(work.params["uri"].get<std::string>());
  if (work.method == "logging/setLevel")
    child.level = static_cast<int>(
        std::find(std::begin(kLevels), std::end(kLevels), work.params["level"]) - kLevels);
}

}  // namespace sidecar::model
