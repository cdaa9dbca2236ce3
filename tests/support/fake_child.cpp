// fake-child: a stdio MCP server that misbehaves on request. Shares no code with the sidecar.
// Without flags it is a well-behaved server of the handshake era (2025-11-25) that answers in order.
//
// Flags, in the order in which they take effect:
//   --stderr=TEXT            writes TEXT and LF to stderr at start
//   --ignore-term            ignores TERM ("got TERM" on stderr instead)
//   --grandchild[=FIFO]      leaves a grandchild in the same group that ignores the end of stdin, TERM, INT
//   and HUP, and
//                            holds our stdout and stderr; prints "grandchild PID" on stderr. With FIFO it
//                            also holds that open for writing: its end of file says that the grandchild is
//                            gone
//   --escapee[=FIFO]         the same, in a session of its own (setsid)
//   --start-gate=FIFO        if there is such a FIFO, waits at the start until somebody opens it for writing
//   --exit-while=FILE        exits with code 9 at once while there is such a file, and says so on stderr
//   --exit=N                 exits with code N at once
//   --die=SIGNAL             kills itself by signal number SIGNAL at once
//   --exit-on-initialize=N   exits with code N when `initialize` comes, unanswered
//   --refuse-initialize      answers `initialize` with an error
//   --no-handshake           never answers `initialize`
//   --close-stdout           closes stdout after the first line and lives on
//   --close-stdin            closes stdin at once and lives on
//   --stop-reading           reads nothing more once a line "stop-reading" or a call of tool stop_reading
//   came
//   --ignore-stdin-end       lives on when stdin ends ("got EOF" on stderr)
//   --tail=TEXT              at the end of stdin writes TEXT without LF to stdout
//   --exit-at-end=N          exits with code N at the end of stdin (default 0)
//   --protocol=VERSION       the protocol version that it answers (default 2025-11-25)
//   --pages=N                tools/list comes in N pages (default 1)
//   --list-changed           promises listChanged for tools
//   --echo-lines             is no MCP server: answers each line with itself; the words "exit N", "die
//   SIGNAL",
//                            "cut" (writes half a line and exits 3), "fds", "env", "signals", "cwd" do what
//                            they say
//
// tools/call, by name (all take "arguments"):
//   echo                     result.structuredContent: the very bytes of `arguments`
//   received                 result.content[0].text: the very line that carried this call
//   raw {line}               writes `line` with {id} replaced by the call's id, instead of an answer
//   big {bytes}              a text result of that size
//   never                    no answer; a cancelled one is counted
//   later {key} release {key}  `later` is answered when `release` with the same key comes
//   progress {steps}         that many notifications/progress with the call's token, then the answer
//   cancelled                result.structuredContent: {"count":N,"ids":[…]} of notifications/cancelled so
//   far notifications            the methods of all notifications so far twice · unknown_id · junk · split ·
//   merge {count}   answers twice; answers a foreign id first; writes a line that
//                            is no JSON first; writes the answer byte by byte; the answer and `count` log
//                            messages in one write
//   crash · cut · exit {code} · die {signal}   abort; half an answer then exit 3; exit; kill itself
//   stderr {lines, bytes}    that many lines of that size on stderr, then the answer
//   flood {bytes}            that many bytes without LF on stdout, then LF, then the answer
//   list_changed             the notification, then the answer
//   log {level, text}        the notification, unless it is below the level that was set; then the answer
//   update {uri, bytes}      notifications/resources/updated, with so much padding, if that is subscribed to;
//                            then the answer
//   state                    result.structuredContent: {"level":…,"subscribed":[…],"pings":…} so far
//   pid · turn               a text result: the process's number; how many tools/call it has been given
//   wait_for {fifo}          opens that FIFO for reading, so it waits until somebody opens it for writing;
//                            reads nothing meanwhile; then the answer
//   fatal_once {file, times} · fatal_once_read_only · fatal_once_idempotent   adds its process's number to
//                            that file; dies of KILL if it was the first there (or one of the first
//                            `times`), else answers "attempt N". The latter two are annotated in tools/list
//                            as what their names say
//   ask {method, params}     sends that request to the client; the answer holds the client's answer
//   stop_reading             answers, then reads no more
//   after {count}            answers after reading `count` further messages
// Every other tool name gets an error -32602. resources/list, prompts/list, resources/subscribe, unsubscribe
// and logging/setLevel are answered plainly; resources/read of `fatal:FILE` is as fatal_once; other methods
// get -32601.

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

namespace {

using nlohmann::ordered_json;

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}
void say(std::string line) { write_all(STDOUT_FILENO, line += '\n'); }
void write_repeated(char byte, std::size_t count) {
  const std::string chunk(std::min<std::size_t>(count, 65536), byte);
  for (; count > 0; count -= std::min(count, chunk.size()))
    write_all(STDOUT_FILENO, std::string_view(chunk).substr(0, count));
}
void mutter(std::string line) { write_all(STDERR_FILENO, line += '\n'); }

// Flags
// -------------------------------------------------------------------------------------------------------------

std::map<std::string, std::string> flags;

bool has(const char* name) { return flags.count(name) != 0; }
std::string text_of(const char* name) { return has(name) ? flags[name] : ""; }
int number_of(const char* name, int otherwise) {
  return has(name) ? std::atoi(flags[name].c_str()) : otherwise;
}

void read_flags(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const std::size_t equals = flag.find('=');
    flags[flag.substr(0, equals)] = equals == std::string::npos ? "" : flag.substr(equals + 1);
  }
}

// Processes
// ---------------------------------------------------------------------------------------------------------

[[noreturn]] void wait_for_ever() {
  for (;;) ::pause();
}

[[noreturn]] void die_by(int number) {
  ::signal(number, SIG_DFL);
  ::raise(number);
  ::_exit(99);
}

void leave_grandchild(const std::string& fifo, bool escape) {
  const pid_t pid = ::fork();
  if (pid != 0) return mutter("grandchild " + std::to_string(pid));
  if (escape) ::setsid();
  for (int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  if (!fifo.empty()) (void)::open(fifo.c_str(), O_WRONLY);
  ::close(STDIN_FILENO);
  wait_for_ever();
}

// Waits until somebody has the FIFO open for writing. False: there is none.
bool pass_gate(const std::string& fifo) {
  const int fd = ::open(fifo.c_str(), O_RDONLY);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

// The open descriptors but the one that reads the list, as "0 1 2".
std::string descriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  std::vector<int> list;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') list.push_back(std::atoi(entry->d_name));
  }
  list.erase(std::remove(list.begin(), list.end(), ::dirfd(directory)), list.end());
  ::closedir(directory);
  std::sort(list.begin(), list.end());
  std::string text;
  for (int fd : list) text += (text.empty() ? "" : " ") + std::to_string(fd);
  return text;
}

// Blocked and ignored signals, and the death signal: "0000000000000000 0000000000000000 9" when all is as it
// should be.
std::string signals() {
  std::string blocked, ignored;
  std::FILE* file = std::fopen("/proc/self/status", "r");
  char line[256];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, "SigBlk:\t", 8) == 0) blocked.assign(line + 8, 16);
    if (std::strncmp(line, "SigIgn:\t", 8) == 0) ignored.assign(line + 8, 16);
  }
  std::fclose(file);
  int death = 0;
  ::prctl(PR_GET_PDEATHSIG, &death);
  return blocked + " " + ignored + " " + std::to_string(death);
}

std::string environment() {
  std::string text;
  for (char** entry = environ; *entry != nullptr; ++entry)
    text += (text.empty() ? "" : ",") + std::string(*entry);
  return text;
}

std::string current_directory() {
  char* path = ::getcwd(nullptr, 0);
  std::string text = path != nullptr ? path : "";
  std::free(path);
  return text;
}

// Input
// -------------------------------------------------------------------------------------------------------------

std::string input;

std::optional<std::string> next_line() {
  std::size_t from = 0;
  for (;;) {
    const std::size_t end = input.find('\n', from);
    if (end != std::string::npos) {
      std::string line = input.substr(0, end);
      input.erase(0, end + 1);
      return line;
    }
    from = input.size();
    char chunk[65536];
    const ssize_t size = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return std::nullopt;
    input.append(chunk, static_cast<std::size_t>(size));
  }
}

// The bytes of a member of the object `json`, as they came: a JSON library would refuse 1e400 or turn 1.10
// into 1.1. Empty when there is none, or when this is no object.
std::string raw_member(std::string_view json, std::string_view name) {
  const auto byte = [&](std::size_t at) { return at < json.size() ? json[at] : '\0'; };
  const auto skip_space = [&](std::size_t at) {
    return std::min(json.find_first_not_of(" \t\r\n", at), json.size());
  };
  const auto skip_string = [&](std::size_t at) {
    for (++at; at < json.size() && json[at] != '"'; ++at) {
      if (json[at] == '\\') ++at;
    }
    return std::min(at + 1, json.size());
  };
  const auto skip_value = [&](std::size_t at) {  // to the comma or bracket behind it
    for (int depth = 0; at < json.size();) {
      const char c = json[at];
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      at = c == '"' ? skip_string(at) : at + 1;
    }
    return at;
  };
  std::size_t at = skip_space(0);
  if (byte(at) != '{') return {};
  while (byte(at = skip_space(at + 1)) == '"') {
    const std::size_t key = at + 1;
    at = skip_string(at);
    const bool found = json.substr(key, at - key - 1) == name;
    const std::size_t value = skip_space(skip_space(at) + 1);  // behind the colon
    at = skip_value(value);
    if (found) {
      const std::string_view bytes = json.substr(value, at - value);
      return std::string(bytes.substr(0, bytes.find_last_not_of(" \t\r\n") + 1));
    }
  }
  return {};
}

// The text of a member that is a string.
std::string text_member(std::string_view json, std::string_view name) {
  const ordered_json value = ordered_json::parse(raw_member(json, name), nullptr, false);
  return value.is_string() ? value.get<std::string>() : std::string();
}

// MCP
// ---------------------------------------------------------------------------------------------------------------

struct Call {
  std::string line;
  std::string id;          // raw
  std::string params;      // raw
  ordered_json arguments;  // an empty object when the library does not take them
};

std::vector<std::string> notifications;
std::vector<std::string> cancelled;             // raw request ids
std::map<std::string, std::string> held_calls;  // key to raw id
std::set<std::string> subscribed;
std::string level;            // empty: none was set
std::size_t calls_begun = 0;  // tools/call
std::size_t pings = 0;

std::string result(const std::string& id, const std::string& raw) {
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + raw + "}";
}
std::string error(const std::string& id, int code, const std::string& message) {
  return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":)" +
         ordered_json{{"code", code}, {"message", message}}.dump() + "}";
}
std::string text_result(const std::string& id, const std::string& text) {
  return result(id, ordered_json{{"content", {{{"type", "text"}, {"text", text}}}}}.dump());
}
std::string structured_result(const std::string& id, const std::string& raw) {
  return result(id, R"({"content":[],"structuredContent":)" + raw + "}");
}
std::string notification(const std::string& method, const ordered_json& params) {
  return ordered_json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}.dump();
}

std::size_t size_argument(const Call& call, const char* name, std::size_t otherwise) {
  return call.arguments.value(name, otherwise);
}
std::string text_argument(const Call& call, const char* name) {
  return call.arguments.value(name, std::string());
}

void handle(const std::string& line);

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
                   {"method", text_argument(call, "method")},
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
  return !level.empty() && rank(wanted) < rank(level);
}

// How often this was called with that file, by whatever processes. The first `fatal` ones do not return.
std::size_t attempt(const std::string& path, std::size_t fatal) {
  std::ofstream(path, std::ios::app) << ::getpid() << '\n';
  std::ifstream all(path);
  const auto lines = static_cast<std::size_t>(
      std::count(std::istreambuf_iterator<char>(all), std::istreambuf_iterator<char>(), '\n'));
  if (lines > fatal) return lines;
  mutter("dying as told");
  die_by(SIGKILL);
}

void fatal_once(const Call& call) {
  const std::size_t count = attempt(text_argument(call, "file"), size_argument(call, "times", 1));
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
    {"raw", [](const Call& call) { say(replaced(text_argument(call, "line"), "{id}", call.id)); }},
    {"big",
     [](const Call& call) {
       write_all(STDOUT_FILENO,
                 R"({"jsonrpc":"2.0","id":)" + call.id + R"(,"result":{"content":[{"type":"text","text":")");
       write_repeated('x', size_argument(call, "bytes", 1));
       say(R"("}]}})");
     }},
    {"never", [](const Call&) {}},
    {"later", [](const Call& call) { held_calls[text_argument(call, "key")] = call.id; }},
    {"release",
     [](const Call& call) {
       const std::string key = text_argument(call, "key");
       if (const auto held = held_calls.find(key); held != held_calls.end()) {
         say(text_result(held->second, key));
         held_calls.erase(held);
       }
       say(text_result(call.id, "released " + key));
     }},
    {"progress",
     [](const Call& call) {
       const std::string token = raw_member(raw_member(call.params, "_meta"), "progressToken");
       const std::size_t steps = size_argument(call, "steps", 3);
       for (std::size_t step = 1; step <= steps && !token.empty(); ++step) {
         say(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)" + token +
             R"(,"progress":)" + std::to_string(step) + R"(,"total":)" + std::to_string(steps) + "}}");
       }
       say(text_result(call.id, "done"));
     }},
    {"cancelled",
     [](const Call& call) {
       std::string ids;
       for (const std::string& id : cancelled) ids += (ids.empty() ? "" : ",") + id;
       say(structured_result(call.id,
                             R"({"count":)" + std::to_string(cancelled.size()) + R"(,"ids":[)" + ids + "]}"));
     }},
    {"notifications",
     [](const Call& call) {
       say(structured_result(call.id, ordered_json{{"methods", notifications}}.dump()));
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
       for (const char byte : text_result(call.id, "in pieces") + "\n") write_all(STDOUT_FILENO, {&byte, 1});
     }},
    {"merge",
     [](const Call& call) {
       std::string all;
       for (std::size_t i = 0; i < size_argument(call, "count", 10); ++i) {
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
    {"exit", [](const Call& call) { ::_exit(static_cast<int>(size_argument(call, "code", 1))); }},
    {"die", [](const Call& call) { die_by(static_cast<int>(size_argument(call, "signal", SIGKILL))); }},
    {"stderr",
     [](const Call& call) {
       const std::string text(size_argument(call, "bytes", 80), 'e');
       for (std::size_t i = 0; i < size_argument(call, "lines", 1); ++i) mutter(text);
       say(text_result(call.id, "logged"));
     }},
    {"flood",
     [](const Call& call) {
       write_repeated('f', size_argument(call, "bytes", 65536));
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
                          {{"level", wanted}, {"data", text_argument(call, "text")}}));
       }
       say(text_result(call.id, "logged"));
     }},
    {"update",
     [](const Call& call) {
       const std::string uri = text_argument(call, "uri");
       const std::string padding(size_argument(call, "bytes", 0), 'x');
       if (subscribed.count(uri) != 0) {
         say(notification("notifications/resources/updated",
                          {{"uri", uri}, {"_meta", {{"padding", padding}}}}));
       }
       say(text_result(call.id, "updated"));
     }},
    {"state",
     [](const Call& call) {
       say(structured_result(
           call.id, ordered_json{{"level", level}, {"subscribed", subscribed}, {"pings", pings}}.dump()));
     }},
    {"pid", [](const Call& call) { say(text_result(call.id, std::to_string(::getpid()))); }},
    {"turn", [](const Call& call) { say(text_result(call.id, std::to_string(calls_begun))); }},
    {"wait_for",
     [](const Call& call) {
       const bool passed = pass_gate(text_argument(call, "fifo"));
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
       for (std::size_t i = 0; i < size_argument(call, "count", 1); ++i) {
         if (const std::optional<std::string> line = next_line()) handle(*line);
       }
       say(text_result(call.id, "answered late"));
     }},
};

void call_tool(const Call& call) {
  ++calls_begun;
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
    if (kTools[i].annotation != nullptr) tools.back()["annotations"] = {{kTools[i].annotation, true}};
  }
  ordered_json body{{"tools", tools}};
  if (page + 1 < pages) body["nextCursor"] = std::to_string(page + 1);
  say(result(call.id, body.dump()));
}

void initialize(const Call& call) {
  if (has("--exit-on-initialize")) ::_exit(number_of("--exit-on-initialize", 1));
  if (has("--no-handshake")) return;
  if (has("--refuse-initialize")) return say(error(call.id, -32603, "refused, as told"));
  say(result(call.id,
             ordered_json{{"protocolVersion", has("--protocol") ? text_of("--protocol") : "2025-11-25"},
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
       ++pings;
       say(result(call.id, "{}"));
     }},
    {"resources/list", [](const Call& call) { say(result(call.id, R"({"resources":[]})")); }},
    {"prompts/list", [](const Call& call) { say(result(call.id, R"({"prompts":[]})")); }},
    {"resources/read",
     [](const Call& call) {
       const std::string uri = text_member(call.params, "uri");
       const std::string text =
           uri.rfind("fatal:", 0) == 0 ? "attempt " + std::to_string(attempt(uri.substr(6), 1)) : "text";
       say(result(call.id, ordered_json{{"contents", {{{"uri", uri}, {"text", text}}}}}.dump()));
     }},
    {"resources/subscribe",
     [](const Call& call) {
       subscribed.insert(text_member(call.params, "uri"));
       say(result(call.id, "{}"));
     }},
    {"resources/unsubscribe",
     [](const Call& call) {
       subscribed.erase(text_member(call.params, "uri"));
       say(result(call.id, "{}"));
     }},
    {"logging/setLevel",
     [](const Call& call) {
       level = text_member(call.params, "level");
       say(result(call.id, "{}"));
     }},
};

void handle(const std::string& line) {
  const std::string method = text_member(line, "method");
  if (method.empty()) return mutter("not understood: " + line.substr(0, 200));
  Call call{line, raw_member(line, "id"), raw_member(line, "params"), {}};
  if (call.id.empty()) {
    notifications.push_back(method);
    if (method == "notifications/cancelled") cancelled.push_back(raw_member(call.params, "requestId"));
    return;
  }
  call.arguments = ordered_json::parse(raw_member(call.params, "arguments"), nullptr, false);
  if (!call.arguments.is_object()) call.arguments = ordered_json::object();
  for (const Method& known : kMethods) {
    if (method == known.name) return known.run(call);
  }
  say(error(call.id, -32601, "Method not found: " + method));
}

// Lines without MCP
// -------------------------------------------------------------------------------------------------

void echo_line(const std::string& line) {
  const auto number = [&] { return std::atoi(line.c_str() + line.find(' ')); };
  if (line.rfind("exit ", 0) == 0) ::_exit(number());
  if (line.rfind("die ", 0) == 0) die_by(number());
  if (line == "cut") {
    write_all(STDOUT_FILENO, "half a li");
    ::_exit(3);
  }
  if (line == "fds") return say(descriptors());
  if (line == "env") return say(environment());
  if (line == "signals") return say(signals());
  if (line == "cwd") return say(current_directory());
  say(line);
}

}  // namespace

int main(int argc, char** argv) {
  read_flags(argc, argv);
  if (has("--stderr")) mutter(text_of("--stderr"));
  if (has("--ignore-term")) {
    ::signal(SIGTERM, [](int) { (void)!::write(STDERR_FILENO, "got TERM\n", 9); });
  }
  if (has("--grandchild")) leave_grandchild(text_of("--grandchild"), false);
  if (has("--escapee")) leave_grandchild(text_of("--escapee"), true);
  if (has("--start-gate")) (void)pass_gate(text_of("--start-gate"));
  if (has("--exit-while") && ::access(text_of("--exit-while").c_str(), F_OK) == 0) {
    mutter("cannot start: " + text_of("--exit-while") + " is in the way");
    return 9;
  }
  if (has("--exit")) return number_of("--exit", 1);
  if (has("--die")) die_by(number_of("--die", SIGKILL));
  if (has("--close-stdin")) {
    ::close(STDIN_FILENO);
    say("stdin closed");
    wait_for_ever();
  }
  while (const std::optional<std::string> line = next_line()) {
    if (has("--stop-reading") && *line == "stop-reading") wait_for_ever();
    if (has("--echo-lines")) {
      echo_line(*line);
    } else {
      handle(*line);
    }
    if (has("--close-stdout")) ::close(STDOUT_FILENO);
  }
  if (has("--tail")) write_all(STDOUT_FILENO, text_of("--tail"));
  if (has("--ignore-stdin-end")) {
    mutter("got EOF");
    wait_for_ever();
  }
  return number_of("--exit-at-end", 0);
}
