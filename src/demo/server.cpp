#include "demo/server.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "demo/contents.hpp"
#include "demo/tools.hpp"

namespace sidecar::demo {
namespace {

constexpr std::array<std::string_view, 4> kVersions = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                       "2024-11-05"};
// The only revision with batches; 2025-06-18 removed them.
constexpr std::string_view kVersionWithBatches = "2025-03-26";

constexpr const char* kInstructions =
    "A demonstration server: echo, add, time and sleep. Read demo://readme to learn more.";

std::string required_string(const Json& params, const char* name) {
  const auto found = params.find(name);
  if (found == params.end() || !found->is_string()) {
    throw RpcError{kInvalidParams, fmt::format("params.{} must be a string", name)};
  }
  return found->get<std::string>();
}

// By reference, because copying a document with a million nested levels overflows the stack.
const Json& member_or_empty(const Json& object, const char* name) {
  static const Json empty = Json::object();
  const auto found = object.find(name);
  return found == object.end() ? empty : *found;
}

const Json& arguments_of(const Json& params) {
  const Json& arguments = member_or_empty(params, "arguments");
  if (!arguments.is_object()) throw RpcError{kInvalidParams, "params.arguments must be an object"};
  return arguments;
}

// params._meta.progressToken, null when absent.
Json progress_token_of(const Json& params) {
  const Json& meta = member_or_empty(params, "_meta");
  if (!meta.is_object()) throw RpcError{kInvalidParams, "params._meta must be an object"};
  const auto token = meta.find("progressToken");
  if (token == meta.end()) return nullptr;
  if (!token->is_string() && !token->is_number_integer()) {
    throw RpcError{kInvalidParams, "params._meta.progressToken must be a string or an integer"};
  }
  return *token;
}

bool valid_id(const Json& id) { return id.is_string() || id.is_number(); }

}  // namespace

struct Server::Method {
  std::string_view name;
  Result (Server::*handler)(const Request&);
};

const Server::Method Server::kMethods[] = {
    {"initialize", &Server::initialize},
    {"ping", &Server::ping},
    {"tools/list", &Server::tools_list},
    {"tools/call", &Server::tools_call},
    {"resources/list", &Server::resources_list},
    {"resources/templates/list", &Server::resources_templates_list},
    {"resources/read", &Server::resources_read},
    {"prompts/list", &Server::prompts_list},
    {"prompts/get", &Server::prompts_get},
};

Server::Server(Clock::time_point now, Send send)
    : began_(now), send_(std::move(send)), sleeping_(send_), version_(kVersions.front()) {}

void Server::handle_line(Clock::time_point now, std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  const Json message = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (message.is_discarded()) {
    send_(error_message(std::nullopt, {kParseError, "Parse error: not one JSON value"}));
  } else if (message.is_array()) {
    handle_batch(now, message);
  } else {
    handle_message(now, message, send_);
  }
}

void Server::refuse_line(std::string_view why) {
  send_(error_message(std::nullopt, {kInvalidRequest, std::string(why)}));
}

void Server::handle_batch(Clock::time_point now, const Json& messages) {
  if (version_ != kVersionWithBatches || messages.empty()) {
    send_(error_message(
        std::nullopt,
        {kInvalidRequest, "Invalid Request: batches belong to MCP 2025-03-26, and are not empty"}));
    return;
  }
  // Shared by the replies of the batch. The array is sent when the last reply has been used or
  // dropped (cancelled).
  struct Answers {
    Json list = Json::array();
    Send send;
    ~Answers() {
      if (!list.empty()) send(list);
    }
  };
  auto answers = std::make_shared<Answers>();
  answers->send = send_;
  for (const Json& message : messages) {
    handle_message(now, message,
                   [answers](const Json& answer) { answers->list.push_back(answer); });
  }
}

void Server::handle_message(Clock::time_point now, const Json& message, const Send& reply) {
  if (message.is_object() && !message.contains("method") &&
      (message.contains("result") || message.contains("error"))) {
    return;  // a response; this server sends no requests
  }
  std::optional<Json> id;
  try {
    if (!message.is_object() || member_or_empty(message, "jsonrpc") != "2.0" ||
        !member_or_empty(message, "method").is_string()) {
      throw RpcError{kInvalidRequest, "Invalid Request: not a JSON-RPC 2.0 message"};
    }
    const auto method = message["method"].get<std::string>();
    const Json& params = member_or_empty(message, "params");
    if (!message.contains("id")) return handle_notification(method, params);

    if (!valid_id(message["id"]))
      throw RpcError{kInvalidRequest, "Invalid Request: id must be a string or a number"};
    id = message["id"];
    ++requests_;
    if (!params.is_object()) throw RpcError{kInvalidParams, "params must be an object"};
    const auto* row = std::find_if(std::begin(kMethods), std::end(kMethods),
                                   [&](const Method& m) { return m.name == method; });
    if (row == std::end(kMethods))
      throw RpcError{kMethodNotFound, fmt::format("Method not found: {}", method)};
    const Result result = (this->*row->handler)({now, *id, params, reply});
    if (result) reply(result_message(*id, *result));
  } catch (const RpcError& error) {
    reply(error_message(id, error));
  }
}

void Server::handle_notification(const std::string& method, const Json& params) {
  if (method == "notifications/cancelled" && params.is_object() && params.contains("requestId")) {
    sleeping_.cancel(params["requestId"]);
  }
}

// MCP, Lifecycle, version negotiation: the client's version when supported, else the newest.
Server::Result Server::initialize(const Request& request) {
  const std::string asked = required_string(request.params, "protocolVersion");
  const auto* known = std::find(kVersions.begin(), kVersions.end(), asked);
  version_ = known == kVersions.end() ? kVersions.front() : *known;
  return Json{
      {"protocolVersion", version_},
      {"capabilities",
       {{"tools", Json::object()}, {"resources", Json::object()}, {"prompts", Json::object()}}},
      {"serverInfo",
       {{"name", "mcp-sidecar-demo"},
        {"title", "mcp-sidecar demo server"},
        {"version", SIDECAR_VERSION}}},
      {"instructions", kInstructions}};
}

Server::Result Server::ping(const Request&) { return Json::object(); }

Server::Result Server::tools_list(const Request&) { return Json{{"tools", list_tools()}}; }

Server::Result Server::tools_call(const Request& request) {
  const Json token = progress_token_of(request.params);
  Outcome outcome =
      call_tool(required_string(request.params, "name"), arguments_of(request.params));
  if (auto* result = std::get_if<Json>(&outcome)) return std::move(*result);
  if (sleeping_.full()) return error_result("too many calls are sleeping already");
  sleeping_.start(request.now, request.id, token, std::move(std::get<Pause>(outcome)),
                  [id = request.id, reply = request.reply](Json result) {
                    reply(result_message(id, std::move(result)));
                  });
  return std::nullopt;
}

Server::Result Server::resources_list(const Request&) {
  return Json{{"resources", list_resources()}};
}

Server::Result Server::resources_templates_list(const Request&) {
  return Json{{"resourceTemplates", Json::array()}};
}

Server::Result Server::resources_read(const Request& request) {
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(request.now - began_);
  return read_resource(required_string(request.params, "uri"),
                       {uptime, requests_, sleeping_.size()});
}

Server::Result Server::prompts_list(const Request&) { return Json{{"prompts", list_prompts()}}; }

Server::Result Server::prompts_get(const Request& request) {
  return get_prompt(required_string(request.params, "name"), arguments_of(request.params));
}

}  // namespace sidecar::demo
