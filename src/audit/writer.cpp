#include "audit/writer.hpp"

#include <algorithm>
#include <csignal>
#include <limits>

namespace sidecar::audit {
namespace {

constexpr std::chrono::seconds kUnreadableRetry{30};  // a spool file that cannot be read, or deleted

}  // namespace

Writer::Writer(Queue& queue, std::unique_ptr<Store> store, bool up, Spool spool, Retention retention,
               WriterTimes times, observe::Log& log, observe::Metrics& metrics)
    : queue_(queue),
      store_(std::move(store)),
      spool_(std::move(spool)),
      retention_(retention),
      times_(times),
      log_(log),
      metrics_(metrics),
      up_(up),
      retry_(times.retry),
      expire_at_(Clock::now()) {
  metrics_.audit_up.Set(up ? 1 : 0);
  metrics_.audit_spool_bytes.Set(static_cast<double>(spool_.bytes()));
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() { stop(); }

void Writer::stop() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

void Writer::run() {
  // Signals are the loop's business.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);

  while (!queue_.closed()) {
    wait();
    if (held_.empty()) held_ = queue_.take(kBatch);
    place();
    empty_spool();
    expire();
    metrics_.audit_queue_bytes.Set(static_cast<double>(queue_.bytes()));
  }
  finish();
}

void Writer::wait() {
  const auto now = Clock::now();
  if (!held_.empty()) {
    queue_.wait(now + times_.held_retry, std::numeric_limits<std::size_t>::max());
    return;
  }
  auto until = now + times_.expire_every;
  if (retention_.age.count() > 0 || retention_.bytes > 0)
    until = std::min(until, std::max(expire_at_, retry_at_));
  if (!spool_.empty()) until = std::min(until, std::max(retry_at_, spool_retry_at_));
  queue_.wait(until, 1);
  if (queue_.size() > 0) queue_.wait(Clock::now() + times_.gather, kBatch);
}

// Where the held records go: the database, the spool, or nowhere yet.
void Writer::place() {
  if (!held_.empty() && may_try() && insert(held_)) held_.clear();
  if (!held_.empty()) spool();
}

bool Writer::may_try() const {
  const auto now = Clock::now();
  return (up_ || now >= retry_at_) && (!end_ || now < *end_);
}

Clock::time_point Writer::call_until() const {
  const auto until = Clock::now() + (hurried_ || end_ ? times_.hurried_call : times_.call);
  return end_ ? std::min(until, *end_) : until;
}

// False: not now. Of `records` those stay that are not placed.
bool Writer::insert(std::vector<Record>& records) {
  if (auto done = store_->insert(records, call_until()); !done) {
    if (done.error().kind == StoreError::Kind::kRefused) return insert_singly(records);
    down(done.error());
    return false;
  }
  up();
  metrics_.audit_written.Increment(static_cast<double>(records.size()));
  return true;
}

// One of them is what the database will never take.
bool Writer::insert_singly(std::vector<Record>& records) {
  std::size_t placed = 0;
  for (; placed < records.size(); ++placed) {
    const auto done = store_->insert({&records[placed], 1}, call_until());
    if (done) {
      up();
      metrics_.audit_written.Increment();
    } else if (done.error().kind == StoreError::Kind::kRefused) {
      lose(1, "refused");
      log_.error("audit record lost", {{"id", records[placed].id}, {"error", done.error().message}});
    } else {
      down(done.error());
      break;
    }
  }
  records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(placed));
  return records.empty();
}

void Writer::spool() {
  if (auto kept = spool_.append(held_); !kept) {
    if (!std::exchange(spool_full_, true))
      log_.error("audit records cannot be kept on disk either", {{"error", kept.error().message}});
    return;
  }
  spool_full_ = false;
  metrics_.audit_spooled.Increment(static_cast<double>(held_.size()));
  metrics_.audit_spool_bytes.Set(static_cast<double>(spool_.bytes()));
  held_.clear();
}

// One file of the spool, if the database takes it. What is in the queue goes on meanwhile.
void Writer::empty_spool() {
  if (spool_.empty() || !held_.empty() || !may_try() || Clock::now() < spool_retry_at_) return;
  auto part = spool_.oldest();
  if (!part) {
    log_.error("a file of the audit spool cannot be read", {{"error", part.error().message}});
    spool_retry_at_ = Clock::now() + kUnreadableRetry;
    return;
  }
  for (std::size_t at = 0; at < part->records.size(); at += kBatch) {
    const auto first = part->records.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = std::min(kBatch, part->records.size() - at);
    std::vector<Record> batch(first, first + static_cast<std::ptrdiff_t>(count));
    if (!insert(batch)) return;  // the whole file again, later: the database knows what it has
    if (queue_.closed()) return;
    held_ = queue_.take(kBatch);
    place();
    if (!held_.empty() || !up_) return;
  }
  if (part->unreadable > 0) {
    lose(part->unreadable, "spool_damaged");
    log_.error("lines of the audit spool cannot be read", {{"lines", part->unreadable}});
  }
  if (auto dropped = spool_.drop_oldest(); !dropped) {
    log_.error("a file of the audit spool cannot be deleted", {{"error", dropped.error().message}});
    spool_retry_at_ = Clock::now() + kUnreadableRetry;
  }
  metrics_.audit_spool_bytes.Set(static_cast<double>(spool_.bytes()));
}

void Writer::expire() {
  const bool wanted = retention_.age.count() > 0 || retention_.bytes > 0;
  if (!wanted || !held_.empty() || !may_try() || Clock::now() < expire_at_) return;
  const auto more = store_->expire(retention_, std::chrono::system_clock::now(), call_until());
  if (!more) return down(more.error());
  up();
  if (!*more) expire_at_ = Clock::now() + times_.expire_every;
}

void Writer::down(const StoreError& error) {
  if (std::exchange(up_, false))
    log_.error("audit database is out", {{"error", error.message}});
  else
    log_.debug("audit database is still out", {{"error", error.message}});
  metrics_.audit_up.Set(0);
  if (error.kind == StoreError::Kind::kUnusable) retry_ = times_.retry_most;
  retry_at_ = Clock::now() + retry_;
  retry_ = std::min(retry_ * 2, times_.retry_most);
}

void Writer::up() {
  retry_ = times_.retry;
  if (std::exchange(up_, true)) return;
  metrics_.audit_up.Set(1);
  log_.info("audit database takes records again", {{"spool_bytes", spool_.bytes()}});
}

// The queue is closed. Everything in it goes to the database or the spool; what neither takes is lost.
void Writer::finish() {
  end_ = Clock::now() + times_.end;
  for (;;) {
    if (held_.empty()) held_ = queue_.take(kBatch);
    if (held_.empty()) break;
    place();
    if (held_.empty()) continue;
    retry_at_ = {};  // no time for patience
    place();
    if (held_.empty()) continue;
    const std::size_t left = held_.size() + queue_.take(std::numeric_limits<std::ptrdiff_t>::max()).size();
    lose(left, "end");
    log_.error("audit records lost at the end", {{"records", left}});
    break;
  }
  metrics_.audit_queue_bytes.Set(0);
}

void Writer::lose(std::size_t records, std::string_view reason) {
  metrics_.audit_dropped(reason).Increment(static_cast<double>(records));
}

}  // namespace sidecar::audit
