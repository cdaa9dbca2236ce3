#include "app/keys_watch.hpp"

#include <fstream>
#include <iterator>
#include <sys/stat.h>

namespace sidecar::app {

Result<std::vector<access::StoredKey>> read_keys_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto failed = [&path](const std::string& why) {
    return fail("keys file " + path.string() + ": " + why);
  };
  if (!std::filesystem::exists(path, error)) return failed("there is no such file");
  if (!std::filesystem::is_regular_file(path, error)) return failed("not a file");
  if (std::filesystem::file_size(path, error) > access::kLargestKeysFile) return failed("too large");
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return failed("it cannot be read");
  auto keys = access::parse_keys_file(text);
  return keys ? keys : failed(keys.error().message);
}

KeysWatch::KeysWatch(std::filesystem::path path, std::vector<access::StoredKey> fixed, access::Gate& gate,
                     session::SessionTable& sessions, Timers& timers, observe::Log& log)
    : path_(std::move(path)),
      fixed_(std::move(fixed)),
      gate_(gate),
      sessions_(sessions),
      timers_(timers),
      log_(log),
      stamp_(stamp_of(path_)) {}

KeysWatch::Stamp KeysWatch::stamp_of(const std::filesystem::path& path) {
  struct stat found {};
  Stamp stamp;
  if (::stat(path.c_str(), &found) != 0) return stamp;
  stamp.changed = std::filesystem::file_time_type(std::chrono::seconds(found.st_mtim.tv_sec) +
                                                  std::chrono::nanoseconds(found.st_mtim.tv_nsec));
  stamp.size = static_cast<std::uintmax_t>(found.st_size);
  stamp.file = found.st_ino;
  return stamp;
}

void KeysWatch::start() {
  timer_ = timers_.after(kLookEvery, [this] {
    look();
    start();
  });
}

void KeysWatch::look() {
  if (!path_.empty() && stamp_of(path_) != stamp_) return read();
  end_sessions();
}

void KeysWatch::read() {
  stamp_ = stamp_of(path_);
  auto keys = read_keys_file(path_);
  if (!keys) return log_.error("keys are kept as they are", {{"reason", keys.error().message}});
  use(*std::move(keys));
}

void KeysWatch::take(std::vector<access::StoredKey> of_file, std::vector<access::StoredKey> fixed) {
  fixed_ = std::move(fixed);
  use(std::move(of_file));
}

void KeysWatch::use(std::vector<access::StoredKey> of_file) {
  if (!path_.empty()) log_.info("keys read", {{"file", path_.string()}, {"keys", of_file.size()}});
  of_file.insert(of_file.end(), fixed_.begin(), fixed_.end());
  gate_.set_keys(access::Keys(std::move(of_file)));
  end_sessions();
}

void KeysWatch::end_sessions() {
  if (!gate_.needs_key()) return;
  const access::WallTime now = std::chrono::system_clock::now();
  for (const session::Session* session : sessions_.all()) {
    const observe::Caller& caller = session->caller();
    if (!caller.has_key)
      sessions_.end(session->id(), "a key is needed now");
    else if (caller.by_stored_key && !gate_.keys().has_owner(caller.owner, now))
      sessions_.end(session->id(), "its key is revoked or has expired");
  }
}

}  // namespace sidecar::app
