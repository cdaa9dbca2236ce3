#include "bench/stub/server.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <unistd.h>

namespace sidecar::bench {
namespace {

constexpr std::size_t kReadAtOnce = std::size_t{256} << 10;

constexpr std::string_view kTools =
    R"({"tools":[{"name":"echo","description":"Says back the message","inputSchema":{"type":"object","properties":{"message":{"type":"string"}},"required":["message"]}},)"
    R"({"name":"big","description":"A result of that size","inputSchema":{"type":"object","properties":{"bytes":{"type":"integer"}},"required":["bytes"]}},)"
    R"({"name":"cpu","description":"Uses that much CPU time","inputSchema":{"type":"object","properties":{"message":{"type":"string"},"microseconds":{"type":"integer"}}}},)"
    R"({"name":"notify","description":"Says that the list of tools has changed","inputSchema":{"type":"object"}}]})";

constexpr std::string_view kChanged =
    R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})";

std::string_view known_version(std::string_view wanted) {
  for (const std::string_view version : {"2024-11-05", "2025-03-26", "2025-06-18"}) {
    if (wanted == version) return version;
  }
  return "2025-11-25";
}

// CPU time of this thread, so that a busy machine does not shorten the work.
void use_cpu(std::uint64_t microseconds) {
  const auto used = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000;
  };
  for (const std::uint64_t end = used() + microseconds; used() < end;) {
  }
}

// The bytes of a string between its quotes, which are sent back unchanged.
std::string_view raw_string(simdjson::ondemand::value value) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() && token.back() != '"') token.remove_suffix(1);
  return token.size() < 2 ? std::string_view() : token.substr(1, token.size() - 2);
}

std::string_view raw_id(simdjson::ondemand::value value) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back())))
    token.remove_suffix(1);
  return token;
}

bool write_all(std::string_view left) {
  while (!left.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

int Stub::run() {
  std::size_t used = 0;
  for (;;) {
    if (in_.size() < used + kReadAtOnce + simdjson::SIMDJSON_PADDING)
      in_.resize(2 * (used + kReadAtOnce) + simdjson::SIMDJSON_PADDING);
    const ssize_t got = ::read(STDIN_FILENO, in_.data() + used, kReadAtOnce);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0 ? 0 : 1;
    std::string_view rest(in_.data(), used + static_cast<std::size_t>(got));
    for (std::size_t end = rest.find('\n', used); end != std::string_view::npos;
         end = rest.find('\n')) {
      on_line(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    used = rest.size();
    std::memmove(in_.data(), rest.data(), used);
    if (!write_out()) return 1;
  }
}

bool Stub::write_out() {
  if (!failed_) failed_ = !write_all(out_);
  out_.clear();
  return !failed_;
}

void Stub::on_line(std::string_view line) {
  simdjson::ondemand::document document;
  simdjson::ondemand::object message;
  // The bytes after the line in the buffer are readable, which is all that simdjson requires of its
  // padding.
  if (parser_.iterate(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING)
          .get(document) ||
      document.get_object().get(message))
    return refuse("null", -32700, "Parse error");
  std::string_view id;
  std::string_view method;
  Value value;
  if (!message.find_field_unordered("id").get(value)) id = raw_id(value);
  if (message.find_field_unordered("method").get_string().get(method) || id.empty()) return;
  if (method == "ping") return answer(id, "{}");
  if (method == "tools/list") return answer(id, kTools);
  simdjson::ondemand::object params;
  if (message.find_field_unordered("params").get_object().get(params))
    return refuse(id, method == "initialize" || method == "tools/call" ? -32602 : -32601,
                  "No such method, or no params");
  if (method == "tools/call") return on_call(id, params);
  if (method != "initialize") return refuse(id, -32601, "Method not found");
  std::string_view wanted;
  if (params.find_field_unordered("protocolVersion").get_string().get(wanted)) wanted = {};
  answer(
      id,
      fmt::format(
          R"({{"protocolVersion":"{}","capabilities":{{"tools":{{"listChanged":true}}}},"serverInfo":{{"name":"bench_stub","version":"1"}}}})",
          known_version(wanted)));
}

void Stub::on_call(std::string_view id, simdjson::ondemand::object params) {
  std::string_view tool;
  std::string_view message;
  std::uint64_t number = 0;
  simdjson::ondemand::object arguments;
  if (params.find_field_unordered("name").get_string().get(tool))
    return refuse(id, -32602, "No name");
  if (!params.find_field_unordered("arguments").get_object().get(arguments)) {
    for (auto field : arguments) {
      std::string_view key;
      Value value;
      if (field.unescaped_key().get(key) || field.value().get(value)) break;
      if (key == "message") message = raw_string(value);
      if ((key == "bytes" || key == "microseconds") && value.get_uint64().get(number))
        return refuse(id, -32602, "Not a size");
    }
  }
  call(id, tool, message, number);
}

void Stub::call(std::string_view id, std::string_view tool, std::string_view message,
                std::uint64_t number) {
  static constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 30;
  static constexpr std::string_view kBegin = R"({"content":[{"type":"text","text":")";
  static constexpr std::string_view kEnd = R"("}]})";
  if (tool == "big") {
    if (number > kMaxSize) return refuse(id, -32602, "Too big");
    if (filling_.size() < number) filling_.assign(number, 'x');
    fmt::format_to(std::back_inserter(out_), R"({{"jsonrpc":"2.0","id":{},"result":{})", id,
                   kBegin);
    // Written from a kept text: making a large text each time would take longer than writing it.
    if (write_out()) failed_ = !write_all(std::string_view(filling_).substr(0, number));
    out_.append(kEnd).append("}\n");
    return;
  }
  if (tool == "cpu") {
    use_cpu(number);
  } else if (tool == "notify") {
    out_.append(kChanged).push_back('\n');
  } else if (tool != "echo") {
    return refuse(id, -32602, "No such tool");
  }
  const bool wrong = wrong_ > 0 && ++echoes_ % wrong_ == 0;
  answer(id, fmt::format("{}{}{}", kBegin, wrong ? "something else" : message, kEnd));
}

void Stub::answer(std::string_view id, std::string_view result) {
  fmt::format_to(std::back_inserter(out_), "{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{}}}\n", id,
                 result);
}

void Stub::refuse(std::string_view id, int code, std::string_view why) {
  fmt::format_to(std::back_inserter(out_),
                 "{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{{\"code\":{},\"message\":\"{}\"}}}}\n",
                 id, code, why);
}

}  // namespace sidecar::bench
