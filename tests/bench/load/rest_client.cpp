#include "bench/load/rest_client.hpp"

#include <fmt/format.h>
#include <utility>

namespace sidecar::bench {

RestClient::RestClient(const Target& target, Loop& loop, std::size_t index,
                       ClientOwner& client_owner)
    : Client(index, client_owner),
      post_head_(fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
                             "application/json\r\nContent-Length: ",
                             target.rest_path)),
      connection_(
          loop, target.port,
          {.on_head = [this](const Head& head) { status_ = head.status; },
           .on_body = [this](std::string_view piece) { body_.append(piece); },
           .on_end = [this] { on_end(); },
           .on_failed =
               [this](const std::string& why) { owner().on_failed(*this, "REST: " + why); }}) {}

void RestClient::call(const ToolCall& call) {
  const std::string text =
      fmt::format(R"({{"name":"{}","arguments":{}}})", call.tool, call.arguments);
  connection_.request(fmt::format("{}{}\r\n\r\n", post_head_, text.size()), text);
}

void RestClient::close() {
  connection_.close();
  owner().on_closed(*this);
}

void RestClient::on_end() {
  const std::string body = std::exchange(body_, {});
  if (status_ != 200)
    return owner().on_failed(*this, fmt::format("REST: {} {}", status_, body.substr(0, 200)));
  owner().on_message(*this, body);
}

}  // namespace sidecar::bench
