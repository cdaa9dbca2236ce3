// Session ids: no text passes as one that was not made with the secret, for its owner and server,
// whatever is changed in a true one; and event ids are read as they are written.
//
// The input is a text, before its first NUL the owner's name. It is also laid over a true id from
// the position that its length gives.
#include "session/session_ids.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "endpoints/mcp/event_channel.hpp"
#include "fuzz/require.hpp"
#include "mcp/protocol.hpp"

using namespace sidecar;
using fuzz::require;

namespace {

session::SessionIds& ids() {
  static session::SessionIds made(
      auth::Secret({"the secret of the fuzzer"}),
      {"default", "0badcafe", std::chrono::hours(24),
       [] { return std::chrono::system_clock::time_point(std::chrono::hours(500'000)); }});
  return made;
}

const std::string& true_id() {
  static const std::string id = [] {
    mux::ClientProfile profile;
    profile.version = mcp::kLatestHandshakeVersion;
    return ids().seal("0123456789abcdef01234567", profile, "alice");
  }();
  return id;
}

void check(const std::string& id, std::string_view owner) {
  const bool genuine = id == true_id() && owner == "alice";
  require(ids().verify(id, owner).has_value() == genuine, "only a true id is accepted", id);
  require(!ids().ended_by_client(id, owner), "no session has ended", id);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view owner = input.substr(0, input.find('\0'));
  const std::string text(input.substr(std::min(size, owner.size() + 1)));
  check(text, owner);
  check(text, "alice");
  check(true_id(), owner);
  std::string changed = true_id();
  changed.replace(text.size() % changed.size(), std::min(text.size(), changed.size()), text);
  check(changed, "alice");

  if (const auto event = endpoints::EventId::parse(text)) {
    require(event->process.size() == 8, "a process has eight characters");
    const auto again = endpoints::EventId::parse(event->text());
    require(again && again->process == event->process && again->stream == event->stream &&
                again->number == event->number,
            "an event id is read as it is written", text);
  }
  return 0;
}
