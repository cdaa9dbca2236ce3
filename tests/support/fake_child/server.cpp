#include "server.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include "flags.hpp"
#include "message.hpp"
#include "process.hpp"
#include "tools.hpp"
#include "wire.hpp"

namespace fake {

State state;

std::size_t attempt(const std::string& path, std::size_t fatal) {
  std::ofstream(path, std::ios::app) << ::getpid() << '\n';
  std::ifstream all(path);
  const auto lines = static_cast<std::size_t>(
      std::count(std::istreambuf_iterator<char>(all), std::istreambuf_iterator<char>(), '\n'));
  if (lines > fatal) return lines;
  mutter("dying as told");
  die_by(SIGKILL);
}

namespace {

void initialize(const Call& call) {
  if (has("--exit-on-initialize")) ::_exit(number_of("--exit-on-initialize", 1));
  if (has("--no-handshake")) return;
  if (has("--refuse-initialize")) return say(error(call.id, -32603, "refused, as told"));
  say(result(call.id, ordered_json{{"protocolVersion",
                                    has("--protocol") ? text_of("--protocol") : "2025-11-25"},
                                   {"capabilities",
                                    {{"tools", {{"listChanged", has("--list-changed")}}},
                                     {"resources", {{"subscribe", true}}},
                                     {"prompts", ordered_json::object()},
                                     {"logging", ordered_json::object()}}},
                                   {"serverInfo", {{"name", "fake-child"}, {"version", "1.10"}}}}
                          .dump()));
}

struct Method {
  const char* name;
  void (*run)(const Call& call);
};

const Method kMethods[] = {
    {"initialize", initialize},
    {"tools/list", list_tools},
    {"tools/call", call_tool},
    {"ping",
     [](const Call& call) {
       ++state.pings;
       say(result(call.id, "{}"));
     }},
    {"resources/list", [](const Call& call) { say(result(call.id, R"({"resources":[]})")); }},
    {"prompts/list", [](const Call& call) { say(result(call.id, R"({"prompts":[]})")); }},
    {"resources/read",
     [](const Call& call) {
       const std::string uri = text_member(call.params, "uri");
       const std::string text = uri.rfind("fatal:", 0) == 0
                                    ? "attempt " + std::to_string(attempt(uri.substr(6), 1))
                                    : "text";
       say(result(call.id, ordered_json{{"contents", {{{"uri", uri}, {"text", text}}}}}.dump()));
     }},
    {"resources/subscribe",
     [](const Call& call) {
       state.subscribed.insert(text_member(call.params, "uri"));
       say(result(call.id, "{}"));
     }},
    {"resources/unsubscribe",
     [](const Call& call) {
       state.subscribed.erase(text_member(call.params, "uri"));
       say(result(call.id, "{}"));
     }},
    {"logging/setLevel",
     [](const Call& call) {
       state.level = text_member(call.params, "level");
       say(result(call.id, "{}"));
     }},
};

}  // namespace

void handle(const std::string& line) {
  const std::string method = text_member(line, "method");
  if (method.empty()) return mutter("not understood: " + line.substr(0, 200));
  Call call{line, raw_member(line, "id"), raw_member(line, "params"), {}};
  if (call.id.empty()) {
    state.notifications.push_back(method);
    if (method == "notifications/cancelled")
      state.cancelled.push_back(raw_member(call.params, "requestId"));
    return;
  }
  call.arguments = ordered_json::parse(raw_member(call.params, "arguments"), nullptr, false);
  if (!call.arguments.is_object()) call.arguments = ordered_json::object();
  for (const Method& known : kMethods) {
    if (method == known.name) return known.run(call);
  }
  say(error(call.id, -32601, "Method not found: " + method));
}

}  // namespace fake
