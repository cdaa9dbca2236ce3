// Writer: the audit log's thread. Takes records out of the queue and puts them into the database;
// while that does not take them, into the spool, and from there into the database later. Records
// whose owner has used up its share of the spool are set aside: they stay in memory, count as
// queued, and hold up nobody else's. When the disk fails, records are held, so that the queue fills
// up behind them.
//
//   queue ─▶ database          takes them
//     └────▶ spool ─▶ database does not, now: tried again after 0.25 s, doubling to 30 s
//     └────▶ aside ─▶ database the owner's share of the spool is used up; or the spool, when that has shrunk
//     └────▶ lost              the database refuses this very record; or the end, with database and spool out
//
// The end, stop(): the database gets WriterTimes::end, then what is left goes to the spool, as far
// as that has room, whoever's share it is. Everything here but stop() and hurry() runs on its own
// thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "audit/queue.hpp"
#include "audit/spool.hpp"
#include "audit/store.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

namespace sidecar::audit {

struct WriterTimes {
  std::chrono::milliseconds gather{20};         // for more records, to write them together
  std::chrono::milliseconds call{2'000};        // for the database, to take a batch
  std::chrono::milliseconds hurried_call{500};  // the same once the end is near
  // for the database, to take what is left at the end
  std::chrono::milliseconds end{1'000};
  std::chrono::milliseconds retry{250};          // doubles …
  std::chrono::milliseconds retry_most{30'000};  // … up to here
  std::chrono::milliseconds held_retry{200};     // where neither database nor spool takes a batch
  std::chrono::milliseconds expire_every{600'000};
};

class Writer {
 public:
  static constexpr std::size_t kBatch = 500;  // records of one transaction

  // `queue` and the others outlive it. `up`: whether the database was opened.
  Writer(Queue& queue, std::unique_ptr<Store> store, bool up, Spool spool, Retention retention,
         WriterTimes times, observe::Log& log, observe::Metrics& metrics);
  // stop()
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // The end is near: the database gets less time from now on.
  void hurry() { hurried_ = true; }
  // Writes what is in the queue, which is closed, and returns when that is done.
  void stop();

 private:
  void run();
  void wait();
  void place(Spool::Room room = Spool::Room::kOfOwner);
  void placed(std::size_t records);
  void spool(Spool::Room room);
  void return_set_aside();
  void hold_set_aside();
  std::size_t insert(std::span<const Record> records);
  std::size_t insert_singly(std::span<const Record> records);
  void empty_spool();
  void expire();
  void down(const StoreError& error);
  void up();
  void finish();
  void lose(std::size_t records, std::string_view reason);
  bool may_try() const;
  Clock::time_point call_until() const;

  Queue& queue_;
  const std::unique_ptr<Store> store_;
  Spool spool_;
  const Retention retention_;
  const WriterTimes times_;
  observe::Log& log_;
  observe::Metrics& metrics_;
  std::vector<Record> held_;  // taken out of the queue, not yet placed
  std::deque<Record> set_aside_;
  std::size_t set_aside_at_ = 0;  // bytes of the spool, when its share was last found used up
  bool up_;
  bool spool_failed_ = false;  // told of once
  Clock::time_point retry_at_{};
  std::chrono::milliseconds retry_;
  Clock::time_point expire_at_;
  Clock::time_point spool_retry_at_{};
  // once the queue is closed: the database's time is over then
  std::optional<Clock::time_point> end_;
  std::atomic<bool> hurried_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace sidecar::audit
