#include "app/wrapped_server.hpp"

#include <utility>

namespace sidecar::app {

WrappedServer::WrappedServer(std::string_view name, std::string_view path,
                             const config::Settings& settings, child::ChildFactory children,
                             const SharedParts& shared)
    : log_(shared.log.for_server(name)),
      instances_(std::move(children), shared.timers,
                 {settings.instances, {settings.calls, settings.child.process.stdin_queue_bytes}},
                 log_, shared.metrics),
      session_ids_(shared.secret,
                   {std::string(name), shared.process, settings.state.session_revive}),
      streamable_parts_{shared.timers,      shared.metrics,
                        shared.rings,       session_ids_,
                        {settings.streams}, settings.endpoints.stream_after,
                        &shared.gate,       settings.endpoints.stateless},
      tool_calls_(instances_, shared.timers, log_, settings.endpoints.rest_timeout,
                  settings.child.process.max_line_bytes),
      legacy_sse_(shared.sessions, instances_, shared.streams, shared.timers,
                  {std::string(path) + settings.endpoints.message_path,
                   shared.prefix,
                   {settings.streams},
                   &shared.gate}),
      streamable_http_(shared.sessions, instances_, shared.streams, streamable_parts_),
      rest_(tool_calls_, {settings.streams}, &shared.gate),
      tool_endpoints_(tool_calls_, shared.facts),
      admin_(instances_, log_) {
  tool_calls_.observe_by(shared.calls);
  streamable_http_.sessionless_calls().observe_by(shared.calls);
  instances_.set_evict_idle(
      [&sessions = shared.sessions](std::string_view owner, mux::Ending which) {
        return sessions.evict_idle(owner, which);
      });
}

void WrappedServer::start() { instances_.start(); }

void WrappedServer::apply(const config::InstanceSettings& settings) {
  instances_.set_child_rate(settings.child_rate);
}

void WrappedServer::end_calls(const session::SessionlessCalls::Holds& holds) {
  tool_calls_.end_calls(holds);
  streamable_http_.sessionless_calls().end_calls(holds);
}

std::vector<http::Route> WrappedServer::routes() {
  std::vector<http::Route> all;
  for (auto& part : {streamable_http_.routes(), legacy_sse_.routes(), rest_.routes(),
                     tool_endpoints_.routes(), admin_.routes()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace sidecar::app
