// Writer: moves records from the queue to the database, on its own thread. While the database is
// unavailable, records go to the spool and from there to the database later. Records beyond their
// owner's share of the spool are set aside: they stay in memory, occupy bytes of the queue, and do
// not delay other owners. When the disk fails too, the writer holds its batch and the queue fills.
//
//   queue ─▶ database           the database is available
//     └────▶ spool ─▶ database  unavailable: retried after 0.25 s, doubling to 30 s
//     └────▶ aside ─▶ database  the owner's share of the spool is used up; to the
//                               spool instead when it has shrunk
//     └────▶ lost               the database refuses this record; or at shutdown
//                               neither database nor spool accepts it
//
// stop(): the database gets WriterTimes::end; then the rest goes to the spool, up to its whole
// limit, regardless of shares. Owned by AuditLog. All but the constructor, stop() and hurry() runs
// on the writer's thread.
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
  std::chrono::milliseconds gather{20};          // wait for more records of a batch
  std::chrono::milliseconds call{2'000};         // timeout of a database call
  std::chrono::milliseconds hurried_call{500};   // the same after hurry() or stop()
  std::chrono::milliseconds end{1'000};          // for all database calls of stop()
  std::chrono::milliseconds retry{250};          // first retry of the database; doubles …
  std::chrono::milliseconds retry_most{30'000};  // … up to this
  std::chrono::milliseconds held_retry{200};     // while database and spool fail
  std::chrono::milliseconds expire_every{600'000};
};

class Writer {
 public:
  static constexpr std::size_t kBatch = 500;  // records of one transaction

  // References outlive the writer. `up`: the database is open.
  Writer(Queue& queue, std::unique_ptr<Store> store, bool up, Spool spool, Retention retention,
         WriterTimes times, observe::Log& log, observe::Metrics& metrics);
  ~Writer();  // calls stop()
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Shutdown has begun: the database gets less time per call. Any thread.
  void hurry() { hurried_ = true; }
  // Closes the queue and blocks until all records are written or lost.
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
  std::vector<Record> held_;  // taken from the queue, not yet placed
  std::deque<Record> set_aside_;
  std::size_t set_aside_at_ = 0;  // bytes of the spool when records were last set aside
  bool up_;
  bool spool_failed_ = false;  // logged once per failure
  Clock::time_point retry_at_{};
  std::chrono::milliseconds retry_;
  Clock::time_point expire_at_;
  Clock::time_point spool_retry_at_{};
  // Set once the queue is closed: no database call after this time.
  std::optional<Clock::time_point> end_;
  std::atomic<bool> hurried_ = false;
  std::thread thread_;  // last: uses the members above
};

}  // namespace sidecar::audit
