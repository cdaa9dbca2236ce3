#include "audit/writer.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <limits>

namespace sidecar::audit {
namespace {

// After a spool file could not be read or deleted.
constexpr std::chrono::seconds kUnreadableRetry{30};

}  // namespace

Writer::Writer(Queue& queue, std::unique_ptr<Store> store, bool up, Spool spool,
               Retention retention, WriterTimes times, observe::Log& log, observe::Metrics& metrics)
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
  // The loop thread handles signals.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);

  spool_.count_owners();
  while (!queue_.closed()) {
    wait();
    if (held_.empty()) held_ = queue_.take(kBatch);
    place();
    return_set_aside();
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
  if (!set_aside_.empty()) until = std::min(until, retry_at_);
  queue_.wait(until, 1);
  if (queue_.size() > 0) queue_.wait(Clock::now() + times_.gather, kBatch);
}

// Moves the held records to the database, the spool or aside, or keeps holding them.
void Writer::place(Spool::Room room) {
  if (!held_.empty() && may_try()) placed(insert(held_));
  if (!held_.empty()) spool(room);
}

// Removes the first `records` of the held records and frees their bytes.
void Writer::placed(std::size_t records) {
  queue_.release({held_.data(), records});
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(records));
}

bool Writer::may_try() const {
  const auto now = Clock::now();
  return (up_ || now >= retry_at_) && (!end_ || now < *end_);
}

Clock::time_point Writer::call_until() const {
  const auto until = Clock::now() + (hurried_ || end_ ? times_.hurried_call : times_.call);
  return end_ ? std::min(until, *end_) : until;
}

// Number of leading records that the database has taken or refused; fewer than all: unavailable.
std::size_t Writer::insert(std::span<const Record> records) {
  if (auto done = store_->insert(records, call_until()); !done) {
    if (done.error().kind == StoreError::Kind::kRefused) return insert_singly(records);
    down(done.error());
    return 0;
  }
  up();
  metrics_.audit_written.Increment(static_cast<double>(records.size()));
  return records.size();
}

// Inserts record by record, because the database refuses one of the batch.
std::size_t Writer::insert_singly(std::span<const Record> records) {
  for (std::size_t at = 0; at < records.size(); ++at) {
    const auto done = store_->insert(records.subspan(at, 1), call_until());
    if (done) {
      up();
      metrics_.audit_written.Increment();
    } else if (done.error().kind == StoreError::Kind::kRefused) {
      lose(1, "refused");
      log_.error("audit record lost", {{"id", records[at].id}, {"error", done.error().message}});
    } else {
      down(done.error());
      return at;
    }
  }
  return records.size();
}

void Writer::spool(Spool::Room room) {
  const auto kept = spool_.append(held_, room);
  if (!kept) {
    if (!std::exchange(spool_failed_, true))
      log_.error("audit spool unavailable", {{"error", kept.error().message}});
    return;
  }
  spool_failed_ = false;
  queue_.release(*kept);
  metrics_.audit_spooled.Increment(static_cast<double>(kept->size()));
  metrics_.audit_spool_bytes.Set(static_cast<double>(spool_.bytes()));
  if (held_.empty() || room == Spool::Room::kAll) return;
  if (set_aside_.empty()) {
    log_.error("audit spool share used up; further records stay in memory",
               {{"caller", held_.front().owner()}, {"setting", "MCP_AUDIT_SPOOL_LIMIT"}});
  }
  set_aside_at_ = spool_.bytes();
  std::move(held_.begin(), held_.end(), std::back_inserter(set_aside_));
  held_.clear();
}

// Holds and places a batch of the records set aside, if database or spool may accept them.
void Writer::return_set_aside() {
  if (set_aside_.empty() || !held_.empty() || (!may_try() && spool_.bytes() >= set_aside_at_))
    return;
  hold_set_aside();
  place();
}

void Writer::hold_set_aside() {
  const auto last =
      set_aside_.begin() + static_cast<std::ptrdiff_t>(std::min(kBatch, set_aside_.size()));
  held_.assign(std::make_move_iterator(set_aside_.begin()), std::make_move_iterator(last));
  set_aside_.erase(set_aside_.begin(), last);
}

// Moves the oldest spool file to the database; between batches, places queued records too.
void Writer::empty_spool() {
  if (spool_.empty() || !held_.empty() || !may_try() || Clock::now() < spool_retry_at_) return;
  auto part = spool_.oldest();
  if (!part) {
    log_.error("audit spool file unreadable", {{"error", part.error().message}});
    spool_retry_at_ = Clock::now() + kUnreadableRetry;
    return;
  }
  for (std::size_t at = 0; at < part->records.size(); at += kBatch) {
    const auto first = part->records.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = std::min(kBatch, part->records.size() - at);
    const std::span<const Record> batch(first, count);
    // The whole file is inserted again later; the database ignores ids that it has.
    if (insert(batch) < batch.size()) return;
    if (queue_.closed()) return;
    held_ = queue_.take(kBatch);
    place();
    if (!held_.empty() || !up_) return;
  }
  if (part->unreadable > 0) {
    lose(part->unreadable, "spool_damaged");
    log_.error("audit spool has unreadable lines", {{"lines", part->unreadable}});
  }
  if (auto dropped = spool_.drop_oldest(); !dropped) {
    log_.error("cannot delete an audit spool file", {{"error", dropped.error().message}});
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
    log_.error("audit database unavailable", {{"error", error.message}});
  else
    log_.debug("audit database still unavailable", {{"error", error.message}});
  metrics_.audit_up.Set(0);
  if (error.kind == StoreError::Kind::kUnusable) retry_ = times_.retry_most;
  retry_at_ = Clock::now() + retry_;
  retry_ = std::min(retry_ * 2, times_.retry_most);
}

void Writer::up() {
  retry_ = times_.retry;
  if (std::exchange(up_, true)) return;
  metrics_.audit_up.Set(1);
  log_.info("audit database available again", {{"spool_bytes", spool_.bytes()}});
}

// The queue is closed: writes its records to the database or the spool; the rest is lost.
void Writer::finish() {
  end_ = Clock::now() + times_.end;
  auto room = Spool::Room::kOfOwner;
  for (;;) {
    if (held_.empty()) held_ = queue_.take(kBatch);
    if (held_.empty()) {
      room = Spool::Room::kAll;
      hold_set_aside();
    }
    if (held_.empty()) break;
    place(room);
    if (held_.empty()) continue;
    retry_at_ = {};  // retry the database at once
    place(room);
    if (held_.empty()) continue;
    const std::size_t left = held_.size() + set_aside_.size() +
                             queue_.take(std::numeric_limits<std::ptrdiff_t>::max()).size();
    lose(left, "end");
    log_.error("audit records lost at shutdown", {{"records", left}});
    break;
  }
  metrics_.audit_queue_bytes.Set(0);
}

void Writer::lose(std::size_t records, std::string_view reason) {
  metrics_.audit_dropped(reason).Increment(static_cast<double>(records));
}

}  // namespace sidecar::audit
