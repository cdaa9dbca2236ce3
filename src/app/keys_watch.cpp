#include "app/keys_watch.hpp"

namespace sidecar::app {

Result<std::vector<access::StoredKey>> read_keys_file(const std::filesystem::path& path) {
  const auto failed = [&path](const Error& error) {
    return fail("keys file " + path.string() + ": " + error.message);
  };
  const auto text = read_whole_file(path, access::kLargestKeysFile);
  if (!text) return failed(text.error());
  auto keys = access::parse_keys_file(*text);
  return keys ? keys : failed(keys.error());
}

KeysWatch::KeysWatch(std::filesystem::path path, std::vector<access::StoredKey> fixed, access::Gate& gate,
                     session::SessionTable& sessions, Timers& timers, observe::Log& log)
    : path_(std::move(path)),
      fixed_(std::move(fixed)),
      gate_(gate),
      sessions_(sessions),
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
  if (!path_.empty() && FileStamp::of(path_) != stamp_) return reload();
  end_sessions();
}

void KeysWatch::reload() {
  if (path_.empty()) return;
  stamp_ = FileStamp::of(path_);
  auto keys = read_keys_file(path_);
  if (!keys) return log_.error("keys are kept as they are", {{"reason", keys.error().message}});
  log_.info("keys read", {{"file", path_.string()}, {"keys", keys->size()}});
  keys->insert(keys->end(), fixed_.begin(), fixed_.end());
  gate_.set_keys(access::Keys(std::move(*keys)));
  end_sessions();
}

void KeysWatch::end_sessions() {
  if (!gate_.needs_key()) return;
  const access::WallTime now = std::chrono::system_clock::now();
  for (const session::Session* session : sessions_.all()) {
    const observe::Caller& caller = session->caller();
    if (caller.by_stored_key && !gate_.keys().has_owner(caller.owner, now))
      sessions_.end(session->id(), "its key is revoked or has expired");
  }
}

}  // namespace sidecar::app
