#include "tools.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

#include "flags.hpp"
#include "inspect.hpp"
#include "process.hpp"
#include "server.hpp"
#include "wire.hpp"

namespace fake {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

void ask(const Call& call) {
  static int count = 0;
  const std::string own_id = "ask-" + std::to_string(++count);
  say(ordered_json{{"jsonrpc", "2.0"},
                   {"id", own_id},
                   {"method", call.text("method")},
                   {"params", call.arguments.value("params", ordered_json::object())}}
          .dump());
  while (const std::optional<std::string> line = next_line()) {
    if (text_member(*line, "id") == own_id && raw_member(*line, "method").empty()) {
      return say(structured_result(call.id, *line));
    }
    handle(*line);
  }
}

bool below_level(const std::string& wanted) {
  static const std::vector<std::string> kLevels = {"debug", "info",     "notice", "warning",
                                                   "error", "critical", "alert",  "emergency"};
  const auto rank = [](const std::string& name) {
    return std::find(kLevels.begin(), kLevels.end(), name) - kLevels.begin();
  };
  return !state.level.empty() && rank(wanted) < rank(state.level);
}

void fatal_once(const Call& call) {
  const std::size_t count = attempt(call.text("file"), call.size("times", 1));
  say(text_result(call.id, "attempt " + std::to_string(count)));
}

struct Tool {
  const char* name;
  void (*run)(const Call& call);
  const char* annotation = nullptr;
};

const Tool kTools[] = {
    {"echo",
     [](const Call& call) {
       const std::string bytes = raw_member(call.params, "arguments");
       say(structured_result(call.id, bytes.empty() ? "{}" : bytes));
     }},
    {"received", [](const Call& call) { say(text_result(call.id, call.line)); }},
    {"raw", [](const Call& call) { say(replaced(call.text("line"), "{id}", call.id)); }},
    {"big",
     [](const Call& call) {
       write_all(STDOUT_FILENO, R"({"jsonrpc":"2.0","id":)" + call.id +
                                    R"(,"result":{"content":[{"type":"text","text":")");
       write_repeated('x', call.size("bytes", 1));
       say(R"("}]}})");
     }},
    {"never", [](const Call&) {}},
    {"later", [](const Call& call) { state.held_calls[call.text("key")] = call.id; }},
    {"release",
     [](const Call& call) {
       const std::string key = call.text("key");
       if (const auto held = state.held_calls.find(key); held != state.held_calls.end()) {
         say(text_result(held->second, key));
         state.held_calls.erase(held);
       }
       say(text_result(call.id, "released " + key));
     }},
    {"progress",
     [](const Call& call) {
       const std::string token = raw_member(raw_member(call.params, "_meta"), "progressToken");
       const std::size_t steps = call.size("steps", 3);
       for (std::size_t step = 1; step <= steps && !token.empty(); ++step) {
         say(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)" +
             token + R"(,"progress":)" + std::to_string(step) + R"(,"total":)" +
             std::to_string(steps) + "}}");
       }
       say(text_result(call.id, "done"));
     }},
    {"cancelled",
     [](const Call& call) {
       std::string ids;
       for (const std::string& id : state.cancelled) ids += (ids.empty() ? "" : ",") + id;
       say(structured_result(call.id, R"({"count":)" + std::to_string(state.cancelled.size()) +
                                          R"(,"ids":[)" + ids + "]}"));
     }},
    {"notifications",
     [](const Call& call) {
       say(structured_result(call.id, ordered_json{{"methods", state.notifications}}.dump()));
     }},
    {"twice",
     [](const Call& call) {
       say(text_result(call.id, "first"));
       say(text_result(call.id, "second"));
     }},
    {"unknown_id",
     [](const Call& call) {
       say(text_result("987654321", "nobody asked"));
       say(text_result(call.id, "asked"));
     }},
    {"junk",
     [](const Call& call) {
       say("Server running on stdio {not json");
       say(text_result(call.id, "after junk"));
     }},
    {"split",
     [](const Call& call) {
       for (const char byte : text_result(call.id, "in pieces") + "\n")
         write_all(STDOUT_FILENO, {&byte, 1});
     }},
    {"merge",
     [](const Call& call) {
       std::string all;
       for (std::size_t i = 0; i < call.size("count", 10); ++i) {
         all += notification("notifications/message", {{"level", "info"}, {"data", i}}) + "\n";
       }
       say(all + text_result(call.id, "merged"));
     }},
    {"crash", [](const Call&) { die_by(SIGABRT); }},
    {"cut",
     [](const Call& call) {
       const std::string answer = text_result(call.id, "this will be cut");
       write_all(STDOUT_FILENO, answer.substr(0, answer.size() / 2));
       ::_exit(3);
     }},
    {"exit", [](const Call& call) { ::_exit(static_cast<int>(call.size("code", 1))); }},
    {"die", [](const Call& call) { die_by(static_cast<int>(call.size("signal", SIGKILL))); }},
    {"stderr",
     [](const Call& call) {
       const std::string text(call.size("bytes", 80), 'e');
       for (std::size_t i = 0; i < call.size("lines", 1); ++i) mutter(text);
       say(text_result(call.id, "logged"));
     }},
    {"flood",
     [](const Call& call) {
       write_repeated('f', call.size("bytes", 65536));
       say("");
       say(text_result(call.id, "flooded"));
     }},
    {"list_changed",
     [](const Call& call) {
       say(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
       say(text_result(call.id, "announced"));
     }},
    {"log",
     [](const Call& call) {
       const std::string wanted = call.arguments.value("level", "info");
       if (!below_level(wanted)) {
         say(notification("notifications/message",
                          {{"level", wanted}, {"data", call.text("text")}}));
       }
       say(text_result(call.id, "logged"));
     }},
    {"update",
     [](const Call& call) {
       const std::string uri = call.text("uri");
       const std::string padding(call.size("bytes", 0), 'x');
       if (state.subscribed.count(uri) != 0) {
         say(notification("notifications/resources/updated",
                          {{"uri", uri}, {"_meta", {{"padding", padding}}}}));
       }
       say(text_result(call.id, "updated"));
     }},
    {"state",
     [](const Call& call) {
       say(structured_result(call.id, ordered_json{{"level", state.level},
                                                   {"subscribed", state.subscribed},
                                                   {"pings", state.pings}}
                                          .dump()));
     }},
    {"pid", [](const Call& call) { say(text_result(call.id, std::to_string(::getpid()))); }},
    {"inspect",
     [](const Call& call) {
       say(structured_result(call.id, inspect(static_cast<pid_t>(call.size("pid", 1)))));
     }},
    {"turn",
     [](const Call& call) { say(text_result(call.id, std::to_string(state.calls_begun))); }},
    {"wait_for",
     [](const Call& call) {
       const bool passed = pass_gate(call.text("fifo"));
       say(passed ? text_result(call.id, "waited") : error(call.id, -32603, "no such FIFO"));
     }},
    {"fatal_once", fatal_once},
    {"fatal_once_read_only", fatal_once, "readOnlyHint"},
    {"fatal_once_idempotent", fatal_once, "idempotentHint"},
    {"ask", ask},
    {"stop_reading",
     [](const Call& call) {
       say(text_result(call.id, "not listening"));
       wait_for_ever();
     }},
    {"after",
     [](const Call& call) {
       for (std::size_t i = 0; i < call.size("count", 1); ++i) {
         if (const std::optional<std::string> line = next_line()) handle(*line);
       }
       say(text_result(call.id, "answered late"));
     }},
};

}  // namespace

void call_tool(const Call& call) {
  ++state.calls_begun;
  const std::string name = text_member(call.params, "name");
  for (const Tool& tool : kTools) {
    if (name == tool.name) return tool.run(call);
  }
  say(error(call.id, -32602, "Unknown tool: " + name));
}

void list_tools(const Call& call) {
  const std::size_t count = std::size(kTools);
  const std::size_t pages = static_cast<std::size_t>(std::max(number_of("--pages", 1), 1));
  const std::size_t page = std::strtoull(text_member(call.params, "cursor").c_str(), nullptr, 10);
  ordered_json tools = ordered_json::array();
  for (std::size_t i = page * count / pages; i < std::min((page + 1) * count / pages, count); ++i) {
    tools.push_back({{"name", kTools[i].name},
                     {"description", std::string("The fake child's tool ") + kTools[i].name},
                     {"inputSchema", {{"type", "object"}}}});
    if (kTools[i].annotation != nullptr)
      tools.back()["annotations"] = {{kTools[i].annotation, true}};
  }
  ordered_json body{{"tools", tools}};
  if (page + 1 < pages) body["nextCursor"] = std::to_string(page + 1);
  say(result(call.id, body.dump()));
}

}  // namespace fake
