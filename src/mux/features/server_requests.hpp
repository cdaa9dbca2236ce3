// ServerRequests: passes requests of the child (sampling, elicitation, roots) to the client that
// they are for, and the client's answer back. While a client is asked, the deadlines of its calls
// are paused. Remembers the client of an elicitation by URL, because the child may report its
// completion long after the call. MCP 2025-11-25, Client Features. Bounds: kPerClient open requests
// a session, Owners::url_elicitations, shared by owners. Owned by Multiplexer. Loop thread only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mux/core/feature.hpp"
#include "mux/features/server_request_table.hpp"
#include "observe/metrics.hpp"

namespace sidecar::mux {

class ServerRequests : public Feature {
 public:
  static constexpr std::size_t kPerClient = 64;  // beyond: the child is refused

  ServerRequests(Core& core, IdAllocator& ids)
      : Feature(core), table_(ids), shown_(core.metrics().server_requests) {}

  void on_child_request(const jsonrpc::Message& message);
  // Cancellation of such a request, and the completion of an elicitation by URL.
  bool on_child_notification(const jsonrpc::Message& message) override;
  void on_client_answer(ClientId client, const jsonrpc::Message& message);
  void on_client_progress(ClientId client, const jsonrpc::Message& message);
  // An error of the child may name elicitations that the client has to visit before it calls again.
  void on_error(const Call& call, const Answer& answer);

  void client_leaves(ClientId client) override;
  void child_gone() override;
  // Open requests stay with the process that made them.
  void migrate_to(Feature&) override {}

  // Whether the client's answer or progress is for a request of this child.
  bool concerns(ClientId client, const jsonrpc::Message& message) const;
  bool empty() const { return table_.size() == 0; }
  std::optional<Clock::time_point> earliest_due() const override { return table_.earliest_due(); }
  void on_due() override;

 private:
  struct Refusal {
    int code;
    std::string_view why;
  };
  std::optional<Refusal> refusal(const jsonrpc::Message& message, std::string_view mode,
                                 const std::optional<MessageOrigin>& origin) const;
  std::optional<ServerRequest> close(PeerId id);
  void remember_elicitation(std::string id, ClientId client);

  ServerRequestTable table_;
  UrlElicitations url_elicitations_;
  observe::GaugeShare shown_;
};

}  // namespace sidecar::mux
