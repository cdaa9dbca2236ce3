// AuditLog: records every call in a database. Receives calls from observe::Calls on the loop thread
// and passes records to the Writer's thread through a Queue; it never blocks. When database and
// spool are unavailable and a caller has exhausted its share of the queue, its records are dropped,
// counted and logged; with `required`, its calls are refused before they begin instead. Other
// callers are not affected. Owned by app. Loop thread only.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "audit/queue.hpp"
#include "audit/store.hpp"
#include "audit/writer.hpp"
#include "observe/calls.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

namespace sidecar::audit {

using Arguments = config::AuditArguments;

// REQUIRES: an address that make_store() takes.
struct Options : config::AuditSettings {
  WriterTimes times{};
};

class AuditLog : public observe::CallSink {
 public:
  // Errors: the address or folder is unusable, the database belongs to another program, or the
  // SQLite file cannot be opened. An unreachable server is no error: the Writer connects later.
  static Result<std::unique_ptr<AuditLog>> start(const Options& options, observe::Log& log,
                                                 observe::Metrics& metrics);
  // Stops the writer, as stop() does.
  ~AuditLog() override = default;

  Result<std::string> on_call_begin(const auth::Principal& caller,
                                    observe::CallArguments arguments) override;
  void on_call_end(const observe::CallRecord& call, std::string kept) override;

  // Shutdown has begun: the database gets less time per call (WriterTimes::hurried_call).
  void hurry() { writer_->hurry(); }
  // Writes all records to the database or the spool; returns within about two seconds.
  void stop() { writer_->stop(); }

 private:
  AuditLog(const Options& options, std::string hash_key, observe::Log& log,
           observe::Metrics& metrics);
  // An error that is logged at intervals, with the number of occurrences since the last line.
  struct RepeatedError {
    Clock::time_point next{};
    std::size_t count = 0;
  };

  std::string hashed(std::string_view arguments) const;
  std::string kept_of(observe::CallArguments arguments) const;
  std::string recorded(std::string kept, bool refused) const;
  void report(RepeatedError& error, std::string_view event, std::string_view owner);

  const Arguments arguments_;
  const std::string hash_key_;
  const bool required_;
  observe::Log& log_;
  observe::Metrics& metrics_;
  RepeatedError dropped_;
  RepeatedError refused_;
  Queue queue_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace sidecar::audit
