#include "child/descendants.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include "child/marked_processes.hpp"
#include "observe/log.hpp"
#include "util/crypto.hpp"

namespace sidecar::child {
namespace {

constexpr std::size_t kRandomBytes = 8;
// Between two passes; each is twice the one before.
constexpr std::chrono::milliseconds kFirstPause{25};
constexpr std::chrono::milliseconds kMaxPause{1'000};
constexpr std::chrono::milliseconds kPassTime{1'000};  // of the last pass, at the shutdown
constexpr std::chrono::seconds kThreadTime{2};         // for the thread, in the destructor

}  // namespace

// Shared with the thread, which outlives the object and its loop if /proc blocks it.
struct Descendants::Link {
  void set_running(bool value) {
    const std::lock_guard lock(mutex);
    running = value;
  }
  // The end of the thread. `report` is called only while the loop exists.
  template <class Report>
  void finish(Report report) {
    const std::lock_guard lock(mutex);
    if (owner_alive) report();
    running = false;
    changed.notify_all();
  }
  void owner_ends() {
    std::unique_lock lock(mutex);
    owner_alive = false;
    changed.wait_for(lock, kThreadTime, [this] { return !running; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool running = false;  // the thread
  bool owner_alive = true;
};

std::string make_mark_name() { return "MCP_SIDECAR_MARK_" + random_hex(kRandomBytes); }

Descendants::Descendants(boost::asio::io_context& loop, Timers& timers, observe::Log& log,
                         std::string mark_name, std::chrono::milliseconds term)
    : loop_(loop),
      timers_(timers),
      log_(log),
      mark_name_(std::move(mark_name)),
      term_(term),
      link_(std::make_shared<Link>()) {}

Descendants::~Descendants() { link_->owner_ends(); }

std::string Descendants::new_value() const {
  return mark_name_.empty() ? std::string() : random_hex(kRandomBytes);
}

void Descendants::end(std::string child, std::string value, pid_t group) {
  if (value.empty()) return;
  if (searches_.size() >= kMaxSearches) {
    log_.warn("too many children ended at once: descendants of this one are left running",
              {{"child", child}});
    return;
  }
  searches_.push_back({std::move(child), std::move(value), group, timers_.now() + term_});
  pause_ = kFirstPause;
  if (passing_)
    again_ = true;
  else
    pass();
}

void Descendants::when_done(std::function<void()> done) {
  done_ = std::move(done);
  if (searches_.empty()) {
    boost::asio::post(loop_, alive_.wrap([this] { call_done(); }));
    return;
  }
  // Only a pass that blocks needs this limit.
  done_timer_ = timers_.after(term_ + kKillTime + kPassTime, [this] { call_done(); });
}

void Descendants::call_done() {
  done_timer_.cancel();
  if (const auto done = std::exchange(done_, nullptr)) done();
}

void Descendants::pass() {
  timer_.cancel();
  again_ = false;
  std::vector<Wanted> wanted;
  wanted.reserve(searches_.size());
  for (const Search& search : searches_) {
    const bool kill = timers_.now() >= search.kill_at;
    const int signal = kill ? SIGKILL : search.told_to_end ? 0 : SIGTERM;
    if (kill && !search.killed) pause_ = kFirstPause;
    wanted.push_back({search.value, search.group, signal});
  }
  passing_ = true;
  link_->set_running(true);
  try {
    // Detached, because a process can block the one that reads its environment for ever.
    std::thread([link = link_, name = mark_name_, wanted, &loop = loop_,
                 report = alive_.wrap([this](const std::vector<Wanted>& results, bool complete) {
                   passed(results, complete);
                 })]() mutable {
      const bool complete = signal_marked(name, [&wanted](pid_t pid, std::string_view value) {
        const auto one = std::find_if(wanted.begin(), wanted.end(),
                                      [value](const Wanted& each) { return each.value == value; });
        // Members of the group have got KILL already; they may not be gone yet.
        if (one == wanted.end() || ::getpgid(pid) == one->group) return 0;
        ++one->found;
        return one->signal;
      });
      link->finish([&] {
        boost::asio::post(loop, [report = std::move(report), results = std::move(wanted),
                                 complete]() mutable { report(results, complete); });
      });
    }).detach();
  } catch (const std::system_error&) {  // no thread is left
    link_->set_running(false);
    passed(wanted, false);
  }
}

void Descendants::passed(const std::vector<Wanted>& results, bool complete) {
  passing_ = false;
  std::vector<Search> unfinished;
  for (std::size_t i = 0; i < searches_.size(); ++i) {
    if (i >= results.size() || !finished(searches_[i], results[i], complete))
      unfinished.push_back(std::move(searches_[i]));
  }
  searches_ = std::move(unfinished);
  if (searches_.empty()) return call_done();
  if (again_) return pass();
  Clock::duration pause = pause_;
  for (const Search& search : searches_) {
    if (const auto wait = search.kill_at - timers_.now(); wait > Clock::duration::zero())
      pause = std::min(pause, wait);
  }
  pause_ = std::min(pause_ * 2, kMaxPause);
  timer_ = timers_.after(pause, [this] { pass(); });
}

bool Descendants::finished(Search& search, const Wanted& result, bool complete) {
  search.most_found = std::max(search.most_found, result.found);
  if (complete && result.found == 0) {
    if (search.most_found > 0) {
      log_.info(
          "processes that the child had left were ended",
          {{"child", search.child}, {"processes", search.most_found}, {"killed", search.killed}});
    }
    return true;
  }
  if (timers_.now() >= search.kill_at + kKillTime) {
    log_.warn("processes that the child has left could not be ended",
              {{"child", search.child}, {"processes", result.found}});
    return true;
  }
  search.told_to_end = search.told_to_end || complete;
  search.killed = search.killed || (result.signal == SIGKILL && result.found > 0);
  return false;
}

}  // namespace sidecar::child
