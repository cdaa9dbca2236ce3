// Model: expectations and checks.
#include "model.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace sidecar::model {
namespace {

using mux::Outcome;

class Link : public test::FakeLink {
 public:
  Link(std::string its_name, Child& child) : FakeLink(std::move(its_name)), child_(child) {
    child_.link = this;
  }
  ~Link() override { child_.link = nullptr; }

 private:
  Child& child_;
};

}  // namespace

std::string Asked::text(const std::string& as_id, const std::string& as_token) const {
  return fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{{{}"_meta":{{"traceparent":"{}"{}{}}}}}}})",
      as_id, method, params.empty() ? "" : params + ",", mark, tenant ? R"(,"tenant":"t")" : "",
      token.empty() ? "" : R"(,"progressToken":)" + as_token);
}

World::World(std::uint32_t seed, mux::InstancesOptions options) : random_(seed), options_(options) {
  child::ChildFactory factory = [this](std::string name) {
    children_.push_back(std::make_unique<Child>());
    children_.back()->name = name;
    return std::make_unique<Link>(std::move(name), *children_.back());
  };
  instances_.emplace(std::move(factory), timers_, options_, log_, metrics_);
  instances_->start();
}

World::~World() {
  for (const auto& session : sessions_) session->lease.reset();
  instances_.reset();
}

void World::wrong(const std::string& what) {
  note("!!! " + what);
  problems_.push_back(what);
}

void World::note(std::string line) { trace_.push_back(std::move(line)); }

std::string World::complaints() const {
  if (problems_.empty()) return {};
  std::string all;
  for (std::size_t i = trace_.size() - std::min<std::size_t>(trace_.size(), 3000);
       i < trace_.size(); ++i)
    all += trace_[i] + "\n";
  for (const std::string& problem : problems_) all += "wrong: " + problem + "\n";
  return all;
}

Child& World::now(const std::string& instance) {
  for (const auto& child : children_) {
    if (child->name == instance && !child->replaced && child->link != nullptr) return *child;
  }
  throw std::logic_error("no child of this name");
}

std::vector<Session*> World::live(const Child& child) const {
  std::vector<Session*> all;
  for (Session* session : child.sessions) {
    if (!session->left) all.push_back(session);
  }
  return all;
}

void Session::on_message(std::string text) { world.heard(*this, nullptr, std::move(text)); }

void World::expect(Session* to, std::string text, std::string via) {
  if (to != nullptr && !to->left)
    expected_.push_back({to->number, std::move(text), std::move(via)});
}

void World::heard(Session& by, const Asked* on, std::string text) {
  note(fmt::format("{}{} < {}", by.number, on != nullptr ? "/" + on->id : "", text));
  if (by.left) wrong("a closed session received a message");
  if (on != nullptr && !on->open) wrong("an answered call received a message");
  actual_.push_back({by.number, std::move(text), on != nullptr ? on->mark : ""});
}

void World::check_deliveries() {
  for (const Delivery& was : actual_) {
    const auto same = [&was](const Delivery& each) {
      return each.to == was.to && each.text == was.text && (each.via == "*" || each.via == was.via);
    };
    const auto found = std::find_if(expected_.begin(), expected_.end(), same);
    if (found == expected_.end())
      wrong(fmt::format("{} must not receive {}", was.to, was.text));
    else
      expected_.erase(found);
  }
  for (const Delivery& missing : expected_)
    wrong(fmt::format("{} must receive {} (via {})", missing.to, missing.text, missing.via));
  expected_.clear();
  actual_.clear();
}

void World::answered(const AskedPtr& asked, const mux::Answer& answer) {
  const int who = asked->by != nullptr ? asked->by->number : 0;
  note(fmt::format("{} < ({}) {}", who, mux::outcome_name(answer.outcome), answer.text));
  if (!asked->open) return wrong("a request was answered twice");
  if (asked->by != nullptr && asked->by->left) return wrong("a closed session received an answer");
  const std::size_t owners_calls = open_of_owner_of(*asked);
  asked->open = false;
  if (asked->by != nullptr) asked->by->open.erase(asked->id);

  if (asked->cancelled != (answer.outcome == Outcome::kCancelled))
    wrong("outcome and cancellation disagree");
  if (answer.outcome == Outcome::kCancelled) return;
  if (!answer.text.starts_with(R"({"jsonrpc":"2.0","id":)" + asked->id + ","))
    wrong("an answer does not have the request's id");
  const bool says_so = answer.outcome == Outcome::kResult || answer.outcome == Outcome::kError;
  if (says_so && !asked->due.empty() && answer.text != asked->due) wrong("not the child's answer");
  if (says_so && asked->due.empty()) answered_here(*asked, answer);
  if (!says_so && !asked->due.empty()) wrong("the child answered, but its client got a failure");

  const bool troubled = std::any_of(children_.begin(), children_.end(),
                                    [](const auto& child) { return child->trouble; });
  bool reasonable = true;
  if (answer.outcome == Outcome::kTimeout)
    reasonable = timers_.now() - asked->at >= options_.limits.call_timeout;
  if (answer.outcome == Outcome::kChildDied) reasonable = dying_.contains(asked.get());
  if (answer.outcome == Outcome::kTooLarge) reasonable = asked->too_large;
  if (answer.outcome == Outcome::kUnavailable)
    reasonable = troubled || dying_.contains(asked.get()) ||
                 instances_->in_flight() >= options_.limits.calls ||
                 timers_.now() - asked->at >= options_.limits.call_timeout;  // of the start
  // The call itself counts. An owner keeps its share whatever other owners do.
  if (answer.outcome == Outcome::kBusy) {
    reasonable =
        (asked->by != nullptr && held_by(*asked->by) >= options_.limits.calls_per_client) ||
        owners_calls >= std::max<std::size_t>(options_.limits.calls / kOwners, 1);
  }
  if (answer.outcome == Outcome::kInternal || !reasonable)
    wrong(fmt::format("no reason for the outcome {}", mux::outcome_name(answer.outcome)));

  if (answer.outcome != Outcome::kResult || asked->by == nullptr) return;
  if (asked->method == "resources/unsubscribe" && asked->due.empty()) take_back(*asked);
  if (asked->method == "resources/subscribe" && !asked->undone)
    asked->by->subscribed.insert(asked->subject);
  if (asked->method == "logging/setLevel") asked->by->level = std::stoi(asked->subject);
}

// Checks an answer that the sidecar gave without the child.
void World::answered_here(const Asked& asked, const mux::Answer& answer) {
  const Json told = Json::parse(answer.text);
  const std::string& method = asked.method;
  if (answer.outcome == Outcome::kError) {
    if (!method.starts_with("tasks/") || told["error"]["code"] != -32602)
      return wrong("an error without a cause");
    if (std::stol(asked.mark) + 1 < next_mark_) return;  // it waited; its child may have died
    for (const auto& child : children_) {
      const auto task = child->tasks.find(asked.subject);
      const bool its =
          task != child->tasks.end() && task->second.by == asked.by && asked.by != nullptr;
      if (its && child->link != nullptr && child->name == asked.by->instance)
        wrong("a session's own task was denied");
    }
    return;
  }
  const Json& result = told["result"];
  if (method == "ping" || method == "resources/unsubscribe" || method == "logging/setLevel") {
    if (result != Json::object()) wrong("not an empty result");
  } else if (method == "initialize") {
    if (result["serverInfo"]["name"] != "model") wrong("not the child's InitializeResult");
  } else if (method == "resources/subscribe") {
    const auto all = live(now(asked.by->instance));
    if (std::none_of(all.begin(), all.end(),
                     [&](Session* s) { return s->subscribed.contains(asked.subject); }))
      wrong("a subscription that the child does not have");
  } else if (method.ends_with("/list")) {
    if (asked.tenant) wrong("a tenant's list was answered without the child");
    if (result["list"] != method || result["cursor"] != asked.subject) wrong("another list");
    if (result["changes"].get<long>() < asked.changes)
      wrong("a list that had changed before it was asked for");
  } else {
    wrong("a result without a source");
  }
}

void World::on_line(Child& child, child::LineNumber number, const std::string& text) {
  note(fmt::format("{}{} < {}", child.name, child.replaced ? " (replaced)" : "", text));
  child.unread.emplace_back(number, text);
  const Json line = Json::parse(text);
  if (!line.contains("method")) return on_reply_to(child, text, line);
  if (!child.ready && line["method"] != "initialize")
    wrong("a child got something before its handshake");
  if (line.contains("id")) return on_request_to(child, number, text, line);
  on_notification_to(child, text, line);
}

void World::on_request_to(Child& child, child::LineNumber number, const std::string& text,
                          const Json& line) {
  static const std::set<std::string> kSidecars = {"initialize",          "ping",
                                                  "resources/subscribe", "resources/unsubscribe",
                                                  "logging/setLevel",    "tasks/cancel"};
  const long wire = line["id"].get<long>();
  Work work;
  work.method = line["method"];
  work.params = line.value("params", Json::object());
  work.number = number;
  const std::string mark =
      work.method == "initialize"
          ? ""
          : work.params.value("/_meta/traceparent"_json_pointer, std::string());
  if (const auto [given, fresh] = wires_.emplace(wire, mark);
      !fresh && (mark.empty() || given->second != mark))
    wrong("a wire id was given to two requests");
  if (child.work.contains(wire)) wrong("a child got a request twice");
  if (mark.empty()) {
    if (!kSidecars.contains(work.method)) wrong("a request of no client");
    if (work.method == "initialize" && std::exchange(child.initialized, true))
      wrong("two handshakes");
  } else {
    work.asked = all_.at(mark);
    const Asked& asked = *work.asked;
    const std::string id = std::to_string(wire);
    // The sidecar may rewrite a level; check_settled() checks the final level.
    if (work.method != "logging/setLevel" && text != asked.text(id, id))
      wrong("not as its client wrote it");
    if (asked.by != nullptr && child.name != asked.by->instance)
      wrong("a request at another instance");
    if (asked.deaths > 0 && (!asked.safe || asked.deaths > 1 || asked.makes_task))
      wrong("a request was repeated that must not be repeated");
    if (asked.method == "resources/unsubscribe") take_back(asked);
    if (asked.method.starts_with("tasks/") && asked.method != "tasks/list") {
      const auto task = child.tasks.find(asked.subject);
      if (task == child.tasks.end() || task->second.by != asked.by)
        wrong("a task without an owner, or of another session");
    }
  }
  child.work.emplace(wire, std::move(work));
}

void World::on_notification_to(Child& child, const std::string& text, const Json& line) {
  const std::string method = line["method"];
  if (method == "notifications/cancelled") {
    const auto work = child.work.find(line["params"]["requestId"].get<long>());
    if (work == child.work.end())
      return wrong("a cancel of a request that the child does not have");
    if (work->second.asked && work->second.asked->open)
      wrong("a cancel of a request that its client waits for");
    work->second.cancelled = true;
  } else if (method == "notifications/progress") {
    on_reply_to(child, text, {{"id", line["params"]["progressToken"]}, {"progress", true}});
  } else if (method == "notifications/roots/list_changed") {
    wrong("the roots of a client reached the child");
  }
}

void World::on_reply_to(Child& child, const std::string& text, const Json& line) {
  const auto [first, last] = child.due.equal_range(line["id"].dump());
  const auto found = std::find_if(first, last, [&](const auto& due) {
    return due.second.empty() ? line.contains("error") : due.second == text;
  });
  if (found == last) return wrong("a child got an answer that is not its own: " + text);
  child.due.erase(found);
}

void World::check() {
  for (std::size_t i = 0; i < children_.size(); ++i) {
    Child& child = *children_[i];
    if (child.link == nullptr) {
      for (const auto& [wire, work] : child.work) {
        if (work.asked && work.asked->open)
          wrong("a child is gone with a call that its client waits for");
      }
      child.work.clear();
      continue;
    }
    std::deque<std::string> sent = std::exchange(child.link->sent, {});
    child::LineNumber number = child.link->number - sent.size();
    for (const std::string& line : sent) on_line(child, ++number, line);
    for (const auto& [wire, work] : child.work) {
      const bool is_new = work.number + sent.size() > number;
      if (is_new && work.asked && !work.asked->open && !work.cancelled)
        wrong("a child got a request that no client waits for");
    }
    // Lines of sessions queue up while the child does not read.
    if (child.up() && !child.link->wants) continue;
    for (const auto& [id, text] : std::exchange(child.due, {})) {
      if (child.up()) wrong(fmt::format("{} must get an answer to {}: {}", child.name, id, text));
    }
  }
  for (const AskedPtr& asked : std::exchange(owed_, {})) {
    if (asked->open) wrong("the child answered, its client got nothing: " + asked->mark);
    asked->due.clear();
    asked->too_large = false;
  }
  check_deliveries();
  check_limits();
}

std::size_t World::held_by(const Session& session) const {
  std::size_t held = session.open.size();
  for (const auto& child : children_) {
    for (const auto& [wire, work] : child->work)
      held += work.asked && work.asked->by == &session && !work.asked->open;
  }
  return held;
}

std::size_t World::open_of_owner_of(const Asked& asked) const {
  return static_cast<std::size_t>(
      std::count_if(all_.begin(), all_.end(), [&asked](const auto& entry) {
        const Asked& other = *entry.second;
        if (!other.open || (other.by == nullptr) != (asked.by == nullptr)) return false;
        return asked.by == nullptr ||
               (other.by->owner == asked.by->owner && other.by->instance == asked.by->instance);
      }));
}

void World::check_limits() {
  const mux::Limits& limits = options_.limits;
  std::size_t own = 0;
  for (const auto& child : children_) {
    std::map<const Session*, std::size_t> calls;
    for (const auto& [wire, work] : child->work) {
      if (work.asked && work.asked->by != nullptr && work.asked->open &&
          ++calls[work.asked->by] > limits.calls_per_client)
        wrong("a session has more calls than allowed");
    }
    own += child->dedicated() && child->link != nullptr && !child->replaced;
    if (child->dedicated() && live(*child).size() > 1) wrong("a dedicated child has two sessions");
  }
  // As many children again may be ending.
  if (own > 2 * options_.max_dedicated) wrong("more dedicated children than allowed");
  for (const auto& session : sessions_) {
    if (session->left) continue;
    // A replaced child counts as one more.
    const auto units =
        std::count_if(children_.begin(), children_.end(), [&session](const auto& child) {
          return child->link != nullptr && child->name == session->instance;
        });
    if (session->open.size() > limits.calls_per_client * static_cast<std::size_t>(units))
      wrong("a session has more calls open than allowed");
    for (const auto& [id, asked] : session->open) {
      if (!session->lease->has_call(id)) wrong("an open call is not known under its id");
    }
  }
}

void World::settle() {
  for (int round = 0; round < 50; ++round) {
    bool busy = false;
    for (std::size_t i = 0; i < children_.size(); ++i) {
      Child& child = *children_[i];
      if (child.link == nullptr) continue;
      if (child.ending()) {
        busy = busy || !child.ended;
        finish(child);
        continue;
      }
      come_up(child);
      child.link->wants = true;
      if (child.up()) child.link->events->on_child_writable();
      check();
      if (child.up() && child.initialized && !child.ready) shake(child, true);
      check();
      busy = busy || !child.unread.empty() || !child.work.empty() || !child.questions.empty() ||
             child.replaced;
      read(child, child.unread.size());
      while (!child.work.empty() && child.work.begin()->second.read) {
        say(child, answer(child, child.work.begin()->first));
        check();
      }
      while (!child.questions.empty()) {
        tell_answer(*child.questions.begin()->second.to, child.questions.begin()->second.id);
        check();
      }
    }
    pass_time(std::chrono::milliseconds(100));
    check();
    if (!busy) return;
  }
  wrong("the world does not settle");
}

void World::check_settled() {
  for (const auto& session : sessions_) {
    if (!session->left && !session->open.empty()) wrong("a request was never answered");
    if (!session->left && session->lease->calls() > 0) wrong("a call is still kept");
  }
  for (const auto& [mark, asked] : all_) {
    if (asked->by == nullptr && asked->open) wrong("a REST call was never answered");
  }
  for (const auto& child : children_) {
    if (child->link == nullptr || !child->ready) continue;
    std::set<std::string> wanted;
    std::optional<int> level;
    const auto all = live(*child);
    for (const Session* session : all) {
      wanted.insert(session->subscribed.begin(), session->subscribed.end());
      if (session->level) level = std::min(level.value_or(7), *session->level);
    }
    const bool some_chose_none =
        std::any_of(all.begin(), all.end(), [](auto* s) { return !s->level; });
    if (level && some_chose_none) level = std::min(*level, 1);  // info
    if (child->subscriptions != wanted)
      wrong(fmt::format("{} is subscribed to {}, not {}", child->name,
                        fmt::join(child->subscriptions, " "), fmt::join(wanted, " ")));
    if (level && child->level != level)
      wrong(fmt::format("{} has the log level {}, not {}", child->name, child->level.value_or(-1),
                        *level));
    for (const auto& [id, task] : child->tasks) {
      if (task.by == nullptr && !task.ended) wrong("a task without an owner goes on");
    }
  }
  if (instances_->in_flight() > 0) wrong("calls are in flight");
  if (metrics_.calls_in_flight.Value() != 0) wrong("the gauge of calls is not 0");
  if (metrics_.server_requests.Value() != 0) wrong("the gauge of peer requests is not 0");
}

void World::wind_down() {
  note("--- all is answered");
  settle();
  check_settled();
  note("--- all leave");
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    if (sessions_[i]->left) continue;
    leave(*sessions_[i]);
    check();
  }
  settle();
  check_settled();
  for (const mux::InstanceStatus& status : instances_->status()) {
    if (status.sessions > 0 || status.calls > 0 ||
        status.dedicated != status.name.starts_with("own"))
      wrong("something is left at " + status.name);
  }
  pass_time(std::chrono::hours(48));
  if (timers_.waiting() > 0) wrong("timers are left");
  note("--- all end");
  instances_->stop([this] { ++stops_; });
  for (const auto& child : children_) {
    if (child->link != nullptr && stops_ > 0) wrong("stopped before all had ended");
    if (child->link != nullptr) finish(*child);
  }
  if (stops_ != 1) wrong(fmt::format("stopped {} times", stops_));
}

}  // namespace sidecar::model
