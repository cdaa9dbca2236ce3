#include "app/audit_command.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "app/terminal.hpp"
#include "audit/formats.hpp"

namespace sidecar::app {
namespace {

using Format = AuditCommand::Format;

constexpr std::chrono::seconds kConnectTime{10};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, CloseFile>;

std::string system_text() { return std::generic_category().message(errno); }

// Writes records in one format. end() reports errors of writing.
class Printer {
 public:
  Printer(Format format, std::FILE* out) : format_(format), out_(out) {
    if (format == Format::kCsv) put(audit::csv_head());
  }
  bool print(const audit::Record& record) {
    const bool first = std::exchange(empty_, false);
    if (format_ == Format::kCsv) return put(audit::csv_row(record));
    return put(format_ == Format::kJson ? audit::json_row(record, first) : audit::text_row(record));
  }
  Result<void> end() {
    if (format_ == Format::kJson) put(audit::json_end(empty_));
    if (!good_ || std::fflush(out_) != 0) return fail("cannot write: " + system_text());
    return {};
  }

 private:
  bool put(const std::string& text) {
    good_ = good_ && app::print(out_, text);
    return good_;
  }

  const Format format_;
  std::FILE* const out_;
  bool empty_ = true;
  bool good_ = true;
};

Result<void> print(audit::Store& store, const AuditCommand& command, std::FILE* out) {
  Printer printer(command.format, out);
  // For query: the store returns the newest record first, but it is printed last.
  std::vector<audit::Record> newest;
  const bool query = command.action == AuditCommand::Action::kQuery;
  const auto read = store.read(command.filter, [&](const audit::Record& record) {
    if (!query) return printer.print(record);
    newest.push_back(record);
    return true;
  });
  if (!read) return fail(read.error().message);
  std::for_each(newest.rbegin(), newest.rend(),
                [&](const audit::Record& record) { printer.print(record); });
  return printer.end();
}

}  // namespace

Result<void> run(const AuditCommand& command, std::FILE* out) {
  if (command.database.empty()) return fail("no audit database: set MCP_AUDIT_DB or --audit-db");
  auto store = audit::make_store(command.database, audit::Access::kRead);
  if (!store) return fail("MCP_AUDIT_DB: " + store.error().message);
  if (const auto opened = (*store)->open(Clock::now() + kConnectTime); !opened)
    return fail(opened.error().message);
  if (command.action == AuditCommand::Action::kBackup) {
    const auto done = (*store)->backup(command.file);
    if (!done) return fail(done.error().message);
    return {};
  }
  if (command.file.empty()) return print(**store, command, out);
  const int fd = ::open(command.file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const FilePtr file(fd < 0 ? nullptr : ::fdopen(fd, "w"));
  if (file == nullptr)
    return fail(fmt::format("cannot create {}: {}", command.file.string(), system_text()));
  auto printed = print(**store, command, file.get());
  if (printed && ::fsync(fd) != 0)
    printed = fail(fmt::format("cannot write to {}: {}", command.file.string(), system_text()));
  return printed;
}

}  // namespace sidecar::app
