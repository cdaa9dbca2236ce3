// AuditLog: a record of every call in a database. Takes what observe::Calls tells on the loop
// thread, without ever waiting, and hands it to the Writer's thread through a Queue. When a caller
// has used up its share of that (database and spool are out), its records are dropped, counted and
// complained about; or, where records are required, its calls are refused before they begin, so
// that none goes without its record. Others are recorded as ever. Owned by app; loop thread only.
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

enum class Arguments { kOff, kHash, kFull };

struct Options {
  std::string address;  // see make_store()
  Arguments arguments = Arguments::kHash;
  std::string hash_key;          // empty: the one in `folder`, made when there is none
  bool required = false;         // refuse calls that could not be recorded
  std::filesystem::path folder;  // the spool, and the key
  std::size_t queue_bytes = 64 << 20;
  std::size_t spool_bytes = 256 << 20;
  Retention retention;
  WriterTimes times;
};

class AuditLog : public observe::CallSink {
 public:
  // Errors: the address, the folder, a database that is not for us, a SQLite file that cannot be
  // opened. A server that does not answer is no error: it may come up later.
  static Result<std::unique_ptr<AuditLog>> start(const Options& options, observe::Log& log,
                                                 observe::Metrics& metrics);
  // stop()
  ~AuditLog() override = default;

  Result<std::string> on_call_begin(const observe::Caller& caller,
                                    observe::CallArguments arguments) override;
  void on_call_end(const observe::CallRecord& call, std::string kept) override;

  // The end is near: the database gets less time from now on.
  void hurry() { writer_->hurry(); }
  // Every record is in the database or in the spool when this returns, within about two seconds.
  void stop() { writer_->stop(); }

 private:
  AuditLog(const Options& options, std::string hash_key, observe::Log& log,
           observe::Metrics& metrics);
  // A complaint that is made once in a while, with how often it was due.
  struct Complaint {
    Clock::time_point next{};
    std::size_t count = 0;
  };

  std::string hashed(std::string_view arguments) const;
  std::string kept_of(observe::CallArguments arguments) const;
  std::string recorded(std::string kept, bool refused) const;
  void complain(Complaint& complaint, std::string_view event, std::string_view owner);

  const Arguments arguments_;
  const std::string hash_key_;
  const bool required_;
  observe::Log& log_;
  observe::Metrics& metrics_;
  Complaint dropped_;
  Complaint refused_;
  Queue queue_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace sidecar::audit
