// Idle sessions: opened and held for a time or until stdin ends, while their keep-alive comments
// are counted. Prints a first line of JSON when all are open.
#include <algorithm>
#include <cmath>
#include <unistd.h>

#include "bench/load/modes.hpp"
#include "bench/load/opener.hpp"

namespace sidecar::bench {
namespace {

class Idle : public Opener, private Watcher {
 public:
  Idle(Loop& loop, const Options& options)
      : Opener(loop, options.target, options.clients), options_(options), lives_(options.clients) {}

  Json json() {
    const auto now = Clock::now();
    std::size_t fewest = lives_.empty() ? 0 : lives_[0].comments;
    std::size_t all = 0;
    Clock::duration longest{};
    for (const Life& life : lives_) {
      fewest = std::min(fewest, life.comments);
      all += life.comments;
      longest = std::max({longest, life.longest_gap, now - life.last});
    }
    Json json = {
        {"clients", lives_.size()},
        {"keepAlives", all},
        {"fewestKeepAlives", fewest},
        {"longestGapMs", std::chrono::duration_cast<std::chrono::milliseconds>(longest).count()},
        {"dropped", dropped()}};
    const Json rest = figures().json(now - began_);
    for (const char* name : {"seconds", "errors", "firstError"}) json[name] = rest[name];
    return json;
  }
  bool failed() { return figures().errors() > 0; }

 private:
  struct Life {
    std::size_t comments = 0;
    Clock::time_point last;
    Clock::duration longest_gap{};
  };

  void all_opened() override {
    began_ = Clock::now();
    for (Life& life : lives_) life = {.last = began_};
    print(options_, {{"open", lives_.size() - dropped()}});
    if (options_.seconds > 0)
      loop().after(seconds(options_.seconds), [this] { loop().stop(); });
    else
      loop().watch(STDIN_FILENO, EPOLLIN, *this);
  }

  void on_comment(Client& client) override {
    Life& life = lives_[client.index()];
    const auto now = Clock::now();
    ++life.comments;
    life.longest_gap = std::max(life.longest_gap, now - life.last);
    life.last = now;
  }

  void on_ready(std::uint32_t) override {
    char byte = 0;
    if (read(STDIN_FILENO, &byte, 1) <= 0) loop().stop();
  }

  const Options& options_;
  std::vector<Life> lives_;
  Clock::time_point began_{};
};

}  // namespace

int run_idle(const Options& options) {
  Loop loop;
  Target target = options.target;
  target.keep_posts = false;
  Options with_target = options;
  with_target.target = target;
  Idle idle(loop, with_target);
  idle.open();
  loop.run();
  print(options, idle.json());
  return idle.failed() ? 1 : 0;
}

}  // namespace sidecar::bench
