#include "http/engine.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <exception>
#include <fmt/format.h>
#include <httplib.h>
#include <iterator>

#include "http/percent.hpp"
#include "http/response_head.hpp"
#include "util/crypto.hpp"

namespace sidecar::http {
namespace {

// Bytes of the path given to httplib, which refuses long ones; routes are matched by Head::path.
constexpr std::size_t kMaxPath = 600;

// The stream from which httplib reads one head and to which it writes one answer.
// Which of these functions are virtual differs between httplib 0.11 and newer versions.
// NOLINTBEGIN(modernize-use-override)
class MemoryStream : public httplib::Stream {
 public:
  explicit MemoryStream(std::string_view input) : input_(input) {}

  void mute() { muted_ = true; }
  std::string take_output() { return std::move(output_); }

  virtual bool is_readable() const { return !input_.empty(); }
  virtual bool is_writable() const { return true; }
  virtual bool wait_readable() const { return !input_.empty(); }
  virtual bool wait_writable() const { return true; }
  virtual time_t duration() const { return 0; }
  virtual socket_t socket() const { return INVALID_SOCKET; }
  virtual void get_remote_ip_and_port(std::string&, int&) const {}
  virtual void get_local_ip_and_port(std::string&, int&) const {}

  virtual ssize_t read(char* to, size_t size) {
    size = std::min(size, input_.size());
    std::memcpy(to, input_.data(), size);
    input_.remove_prefix(size);
    return static_cast<ssize_t>(size);
  }
  virtual ssize_t write(const char* from, size_t size) {
    if (!muted_) output_.append(from, size);
    return static_cast<ssize_t>(size);
  }

 private:
  std::string_view input_;
  std::string output_;
  bool muted_ = false;
};
// NOLINTEND(modernize-use-override)

}  // namespace

Response internal_error(observe::Log& log, std::string_view endpoint, std::string_view cause) {
  const std::string id = random_hex(8);
  log.error("request failed", {{"endpoint", endpoint}, {"id", id}, {"cause", cause}});
  return error_response(500, "internal error, see id " + id + " in the log");
}

// httplib's server without sockets and threads: one request at a time, from memory to memory.
class Engine::Core : public httplib::Server {
 public:
  explicit Core(Engine& engine) {
    // Runs before httplib would copy the body or match its list of regular expressions.
    set_pre_routing_handler([this, &engine](const httplib::Request&, httplib::Response& response) {
      engine.run(*call_);
      fill(response);
      return HandlerResponse::Handled;
    });
    // The rules by which httplib sets these differ between its versions; the connection decides.
    set_post_routing_handler([this](const httplib::Request&, httplib::Response& response) {
      for (const char* name : {"Accept-Ranges", "Connection", "Keep-Alive"})
        response.headers.erase(name);
      if (!call_->connection.empty()) response.headers.emplace("Connection", call_->connection);
    });
  }

  void serve(EngineCall& call) {
    // Only the request line: fields such as Range, Accept-Encoding or Expect would trigger features
    // of httplib.
    const std::string head = call.request.method + ' ' +
                             percent_encoded(call.request.path.substr(0, kMaxPath)) +
                             " HTTP/1.1\r\n\r\n";
    MemoryStream stream(head);
    call_ = &call;
    stream_ = &stream;
    process(*this, stream);
    call.rendered = stream.take_output();
  }

 private:
  // process_request is protected; from 0.18 on it also takes the addresses of both ends.
  template <class Self>
  static void process(Self& self, httplib::Stream& stream) {
    bool closed = false;
    if constexpr (requires { self.process_request(stream, true, closed, nullptr); }) {
      self.process_request(stream, true, closed, nullptr);
    } else {
      const std::string unknown;
      self.process_request(stream, unknown, 0, unknown, 0, true, closed, nullptr);
    }
  }

  void fill(httplib::Response& response) {
    if (!call_->answer || call_->answer->body.size() > kMaxRendered ||
        !call_->answer->lasting_body.empty() || !has_body(call_->answer->status)) {
      stream_->mute();
      return;
    }
    Response& answer = *call_->answer;
    response.status = call_->status = answer.status;
    if (!answer.body.empty()) {
      response.body = std::move(answer.body);
      response.headers.emplace("Content-Type", answer.content_type);
    }
    const auto add = [&response](const Field& field) {
      if (may_write(field)) response.headers.emplace(field.name, field.value);
    };
    std::for_each(answer.fields.begin(), answer.fields.end(), add);
    call_->reply_fields.for_each(add);
    call_->answer.reset();
  }

  EngineCall* call_ = nullptr;
  MemoryStream* stream_ = nullptr;
};

Engine::Engine(std::vector<Route> routes, observe::Log& log, observe::Metrics& metrics)
    : log_(log),
      metrics_(metrics),
      no_endpoint_(metrics, "none"),
      routes_(std::make_shared<RouteTable>(std::move(routes), metrics)),
      core_(std::make_unique<Core>(*this)) {}

Engine::~Engine() = default;

void Engine::mount(std::string prefix, std::vector<Route> routes) {
  assert(prefix.starts_with('/') && !prefix.ends_with('/'));
  auto table = std::make_shared<RouteTable>(std::move(routes), metrics_);
  unmount(prefix);
  const auto longer = [&prefix](const Mount& other) { return other.prefix.size() > prefix.size(); };
  const auto place = std::find_if_not(mounts_.begin(), mounts_.end(), longer);
  mounts_.insert(place, {std::move(prefix), std::move(table)});
}

void Engine::unmount(std::string_view prefix) {
  const auto found = std::find_if(mounts_.begin(), mounts_.end(),
                                  [prefix](const Mount& mount) { return mount.prefix == prefix; });
  if (found == mounts_.end()) return;
  unmounted_.push_back(std::move(found->table));
  mounts_.erase(found);
  release_unmounted();
}

void Engine::release_unmounted() {
  if (unmounted_.empty()) return;
  const auto unused = std::partition(unmounted_.begin(), unmounted_.end(),
                                     [](const auto& table) { return table.use_count() > 1; });
  // Destroyed last, because what the handlers own may call back.
  const std::vector<std::shared_ptr<RouteTable>> released(
      std::make_move_iterator(unused), std::make_move_iterator(unmounted_.end()));
  unmounted_.erase(unused, unmounted_.end());
}

void Engine::serve_below(std::string_view path) {
  assert(path.empty() || (path.starts_with('/') && !path.ends_with('/')));
  public_path_ = percent_decoded(path).value_or(std::string(path));
}

std::shared_ptr<Resource> Engine::find(std::string_view& path) const {
  std::string_view below = path;
  const std::shared_ptr<RouteTable>* table = &routes_;
  for (const Mount& mount : mounts_) {
    if (!path.starts_with(mount.prefix) || !path.substr(mount.prefix.size()).starts_with('/'))
      continue;
    table = &mount.table;
    below.remove_prefix(mount.prefix.size());
    break;
  }
  const std::size_t size = below.size();
  Resource* const resource = (*table)->find(below);
  if (!resource) return nullptr;
  path.remove_suffix(size - below.size());
  return {*table, resource};
}

RouteMatch Engine::match(Head& head) {
  release_unmounted();
  std::string_view path = head.path;
  RouteMatch match{find(path)};
  if (!match.resource && !public_path_.empty() && path.starts_with(public_path_)) {
    path.remove_prefix(public_path_.size());
    if (path.empty()) path = "/";
    if (path.starts_with('/')) match.resource = find(path);
  }
  if (!match.resource) return {};
  if (path.size() < head.path.size()) head.path = std::string(path);
  match.endpoint = match.resource->serving(head);
  return match;
}

void Engine::serve(EngineCall& call) {
  if (const Endpoint* endpoint = call.route.endpoint; endpoint && endpoint->route.direct) {
    call.endpoint = &counters(call.route);
    return run(call, endpoint->route.handler);
  }
  try {
    core_->serve(call);
  } catch (const std::exception& error) {
    call.rendered.clear();
    call.answer = internal_error(log_, "engine", error.what());
  }
  if (call.endpoint) return;
  call.endpoint = &no_endpoint_;
  call.rendered.clear();
  call.answer = internal_error(log_, "engine", "cpp-httplib rejected the request line");
}

void Engine::run(EngineCall& call) {
  call.endpoint = &counters(call.route);
  const Resource* const resource = call.route.resource.get();
  if (call.route.endpoint) {
    run(call, call.route.endpoint->route.handler);
  } else if (call.request.method == "OPTIONS" && (resource || call.request.path == "*")) {
    call.answer = Response{.status = 204};
    if (resource) call.answer->fields.push_back({"Allow", resource->allow});
  } else if (resource) {
    call.answer = error_response(405, "this path allows " + resource->allow);
    call.answer->fields.push_back({"Allow", resource->allow});
  } else {
    call.answer = no_endpoint_here();
  }
}

void Engine::run(EngineCall& call, const Handler& handler) {
  std::string cause;
  try {
    handler(Exchange(std::move(call.request), std::move(call.backend)));
  } catch (const std::exception& error) {
    cause = fmt::format("exception: {}", error.what());
  } catch (...) {
    cause = "exception of an unknown type";
  }
  if (call.dropped && !call.answer) {
    if (cause.empty()) cause = "dropped without an answer";
    call.answer = internal_error(log_, call.endpoint->name(), cause);
  } else if (!cause.empty()) {
    log_.error("handler failed after it took or answered its request",
               {{"endpoint", call.endpoint->name()}, {"cause", cause}});
  }
}

}  // namespace sidecar::http
