#include "endpoints/ops/session_list.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sidecar::endpoints {
namespace {

constexpr std::string_view kPath = "/sessions";

using Json = nlohmann::ordered_json;

auto seconds(Clock::duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

bool may_see(const auth::Principal& caller, const session::Session& session) {
  if (caller.admin) return true;
  return session.belongs_to(caller) &&
         (caller.has_key || session.caller().address == caller.address);
}

Json described(const session::Session& session, Clock::time_point now) {
  const session::Traffic& traffic = session.traffic();
  return {{"id", session::SessionTable::shown(session.id())},
          {"key", session.caller().owner},
          {"address", session.caller().address},
          {"client",
           {{"name", session.source().client_name}, {"version", session.source().client_version}}},
          {"transport", session.source().transport},
          {"protocolVersion", session.version()},
          {"child", session.instance()},
          {"age", seconds(now - session.opened())},
          {"idle", session.calls() > 0 ? 0 : seconds(now - session.last_active())},
          {"calls", traffic.calls},
          {"inFlight", session.calls()},
          {"bytesIn", traffic.bytes_in},
          {"bytesOut", traffic.bytes_out},
          {"server", session.source().server}};
}

}  // namespace

SessionList::SessionList(session::SessionTable& sessions, const Timers& timers, observe::Log& log)
    : sessions_(sessions), timers_(timers), log_(log) {}

std::vector<http::Route> SessionList::routes() {
  constexpr RouteRules kList{.access = Access::kClient};
  constexpr RouteRules kEnd{.access = Access::kAdmin, .action = "end sessions"};
  const std::string path(kPath);
  return {{"GET", path, "sessions", kList,
           [this](http::Exchange exchange) { list(std::move(exchange)); }},
          {"DELETE", path + "/*", "sessions", kEnd,
           [this](http::Exchange exchange) { end(std::move(exchange)); }}};
}

std::vector<session::Session*> SessionList::visible_to(const auth::Principal& caller) const {
  std::vector<session::Session*> sessions = sessions_.all();
  std::erase_if(sessions,
                [&](const session::Session* session) { return !may_see(caller, *session); });
  std::sort(sessions.begin(), sessions.end(),
            [](const session::Session* a, const session::Session* b) {
              return std::pair(a->opened(), std::string_view(a->id())) <
                     std::pair(b->opened(), std::string_view(b->id()));
            });
  return sessions;
}

void SessionList::list(http::Exchange exchange) const {
  Json sessions = Json::array();
  for (const session::Session* session : visible_to(*exchange.request().caller))
    sessions.push_back(described(*session, timers_.now()));
  http::Response response;
  // A client's name may be truncated or invalid UTF-8.
  response.body = Json{{"count", sessions.size()}, {"sessions", std::move(sessions)}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
  response.fields.push_back({"Cache-Control", "no-store"});
  exchange.reply(std::move(response));
}

void SessionList::end(http::Exchange exchange) {
  const auth::Principal& caller = *exchange.request().caller;
  std::string_view id = std::string_view(exchange.request().path).substr(kPath.size() + 1);
  if (id.ends_with('/')) id.remove_suffix(1);
  std::vector<session::Session*> named = sessions_.all();
  std::erase_if(named, [id](const session::Session* session) {
    return id != session->id() && id != session::SessionTable::shown(session->id());
  });
  if (named.empty()) return exchange.reply(http::error_response(404, "No such session"));
  if (named.size() > 1)
    return exchange.reply(http::error_response(409, "Several sessions match: use the whole id"));
  log_.info("session ended by hand",
            {{"session", session::SessionTable::shown(named.front()->id())},
             {"address", caller.address},
             {"key", caller.owner}});
  sessions_.end(std::string(named.front()->id()), "ended by hand");
  exchange.reply(http::Response{.status = 204});
}

}  // namespace sidecar::endpoints
