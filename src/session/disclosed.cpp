#include "session/disclosed.hpp"

#include "mcp/protocol.hpp"
#include "observe/caller.hpp"

namespace sidecar::session {

void disclose(const observe::Caller& caller, std::string_view id, mux::Answer& answer) {
  if (answer.death == nullptr) return;
  // A caller that gets here without a key does not need one.
  const observe::Disclosure told = observe::disclosure(caller, caller.has_key);
  if (told == observe::Disclosure::kStderr) return;
  mux::Answer cut =
      mux::make_failure(answer.outcome, id, mcp::code::kConnectionClosed,
                        answer.death->message(told), answer.death->data(told), answer.retry_after);
  cut.at_child = answer.at_child;
  answer = std::move(cut);
}

}  // namespace sidecar::session
