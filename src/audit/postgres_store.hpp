// PostgresStore: the audit log in PostgreSQL, in the schema `mcp_sidecar`, because the wrapped
// server may have an api_audit_log too. Uses libpq's non-blocking calls, so that `until` holds; a
// connection that does not answer in time is closed. libpq cannot bound the look-up of a host name.
// Part of the module (postgres_module.hpp). One thread.
#pragma once

#include <libpq-fe.h>
#include <memory>

#include "audit/columns.hpp"
#include "audit/store.hpp"

namespace sidecar::audit {

class PostgresStore : public Store {
 public:
  // Whether libpq can parse the URL.
  static bool understands(const std::string& url);

  PostgresStore(std::string url, Access access) : url_(std::move(url)), access_(access) {}

  StoreResult<void> open(Clock::time_point until) override;
  StoreResult<void> insert(std::span<const Record> records, Clock::time_point until) override;
  StoreResult<bool> expire(const Retention& retention, WallTime now,
                           Clock::time_point until) override;
  StoreResult<void> read(const Filter& filter,
                         const std::function<bool(const Record&)>& each) override;
  StoreResult<void> backup(const std::filesystem::path& file) override;

 private:
  struct CloseConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  struct ClearResult {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

  StoreResult<void> connect(Clock::time_point until);
  StoreResult<void> migrate(Clock::time_point until);
  StoreResult<void> add_columns(Clock::time_point until);
  // The last result. Without parameters, `sql` may hold several statements.
  StoreResult<ResultPtr> run(const std::string& sql, const std::vector<std::string>& parameters,
                             Clock::time_point until);
  StoreResult<std::string> value(const std::string& sql, Clock::time_point until);
  StoreResult<void> send(const std::string& sql, const std::vector<std::string>& parameters);
  // Waits for the next result; null after the last.
  StoreResult<ResultPtr> next(Clock::time_point until);
  StoreResult<void> wait(bool to_write, Clock::time_point until);
  StoreResult<std::int64_t> number(const std::string& sql, Clock::time_point until);
  StoreResult<std::int64_t> deleted(const std::string& sql,
                                    const std::vector<std::string>& parameters,
                                    Clock::time_point until);
  StoreResult<bool> trim_to(std::int64_t limit, Clock::time_point until);
  tl::unexpected<StoreError> lost(std::string_view what);
  tl::unexpected<StoreError> lost_connection();

  const std::string url_;
  const Access access_;
  std::unique_ptr<PGconn, CloseConnection> connection_;
  Absent absent_;  // with Access::kRead, or if the table belongs to a role that we are not
};

}  // namespace sidecar::audit
