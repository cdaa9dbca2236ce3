#include "app/keys_watch.hpp"

namespace sidecar::app {

KeysWatch::KeysWatch(std::filesystem::path path, std::vector<access::StoredKey> fixed,
                     access::Gate& gate, session::SessionTable& sessions, EndCalls end_calls,
                     mux::Instances& instances, Timers& timers, observe::Log& log)
    : path_(std::move(path)),
      fixed_(std::move(fixed)),
      gate_(gate),
      sessions_(sessions),
      end_calls_(std::move(end_calls)),
      instances_(instances),
      timers_(timers),
      log_(log),
      stamp_(FileStamp::of(path_)) {}

void KeysWatch::start() {
  timer_ = timers_.after(kLookEvery, [this] {
    look();
    start();
  });
}

void KeysWatch::look() {
  if (!path_.empty() && FileStamp::of(path_) != stamp_) return read();
  if (gate_.needs_key()) review_callers();
}

void KeysWatch::read() {
  stamp_ = FileStamp::of(path_);
  auto keys = read_keys_file(path_);
  if (!keys)
    return log_.error("keys file rejected; keys unchanged", {{"reason", keys.error().message}});
  use(*std::move(keys));
}

void KeysWatch::take(std::vector<access::StoredKey> of_file, std::vector<access::StoredKey> fixed) {
  fixed_ = std::move(fixed);
  use(std::move(of_file));
}

void KeysWatch::use(std::vector<access::StoredKey> of_file) {
  if (!path_.empty()) log_.info("keys read", {{"file", path_.string()}, {"keys", of_file.size()}});
  of_file.insert(of_file.end(), fixed_.begin(), fixed_.end());
  access::Keys keys(std::move(of_file));
  const bool same = keys.permit_as(gate_.keys());
  gate_.set_keys(std::move(keys));
  review_callers();
  if (!same) instances_.permissions_changed();
}

void KeysWatch::review_callers() {
  const access::WallTime now = std::chrono::system_clock::now();
  end_calls_([this, now](const auth::Principal& caller) { return gate_.holds(caller, now); });
  for (session::Session* session : sessions_.all()) {
    const auth::Principal& caller = session->caller();
    if (gate_.needs_key() && !caller.has_key)
      sessions_.end(session->id(), "a key is needed now");
    else if (caller.by_stored_key && !gate_.keys().has_owner(caller.owner, now))
      sessions_.end(session->id(), "its key is revoked or has expired");
    else
      session->admit(gate_.present(session->latest_caller()));
  }
}

}  // namespace sidecar::app
