#include "app/audit_arguments.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string_view>
#include <tuple>
#include <vector>

#include "config/text.hpp"
#include "config/values.hpp"
#include "mux/core/call.hpp"

namespace sidecar::app {
namespace {

constexpr std::size_t kQueryLimit = 100;  // records that `audit query` prints
constexpr std::size_t kMaxQueryLimit = 1'000'000;
constexpr std::string_view kAuditFooter = R"(
Examples:
  mcp-sidecar audit query --audit-db sqlite:audit.db --since 2027-01-31 --outcome forbidden
  mcp-sidecar audit export --format csv --output january.csv --until 2027-02-01
  mcp-sidecar audit backup audit-copy.db

MCP_AUDIT_DB can name the database too, in the environment or in .env.
)";

// Of a recorded call.
std::vector<std::string_view> outcomes() {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < mux::kOutcomes; ++i)
    names.push_back(mux::outcome_name(static_cast<mux::Outcome>(i)));
  names.insert(names.begin() + 1, "tool_error");
  return names;
}

bool is_outcome(std::string_view name) {
  const auto names = outcomes();
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void AuditArguments::add_to(CLI::App& app) {
  audit_ = app.add_subcommand("audit", "Read and back up the audit log that --audit-db names");
  audit_->footer(std::string(kAuditFooter));
  CLI::App* const query = audit_->add_subcommand("query", "Print the newest records");
  export_ = audit_->add_subcommand("export", "Print every record, oldest first");
  backup_ = audit_->add_subcommand("backup", "Copy a SQLite database while it is in use");
  for (CLI::App* each : {audit_, query, export_, backup_}) {
    each->fallthrough();
    each->allow_extras();
  }
  for (CLI::App* each : {query, export_}) {
    each->add_option("--since", since_, "From this time on: 2027-01-31, or 2027-01-31T08:30:00Z")
        ->type_name("TIME");
    each->add_option("--until", until_, "Before this time")->type_name("TIME");
    each->add_option("--key", filter_.key, "Calls of the key of this name")->type_name("NAME");
    each->add_option("--method", filter_.method, "Calls of this method")->type_name("METHOD");
    each->add_option("--tool", filter_.tool, "Calls of this tool, prompt or resource")
        ->type_name("NAME");
    each->add_option("--outcome", filter_.outcome, fmt::format("{}", fmt::join(outcomes(), ", ")))
        ->type_name("OUTCOME");
    each->add_option("--format", format_, each == query ? "text, csv or json" : "csv or json")
        ->type_name("FORMAT");
  }
  filter_.limit = kQueryLimit;
  limit_given_ =
      query->add_option("--limit", limit_, fmt::format("At most so many; default {}", kQueryLimit));
  limit_given_->type_name("N");
  export_->add_option("--output", file_, "Write to a new file")->type_name("FILE");
  backup_->add_option("FILE", file_, "The copy; must not exist yet");
}

std::string AuditArguments::fault() const {
  if (given() && audit_->get_subcommands().size() != 1)
    return "audit needs a subcommand: query, export or backup FILE";
  if (backup_->parsed() && file_.empty()) return "audit backup needs a FILE";
  return "";
}

Result<AuditCommand> AuditArguments::command() const {
  using Action = AuditCommand::Action;
  using Format = AuditCommand::Format;
  AuditCommand command;
  command.action = backup_->parsed()   ? Action::kBackup
                   : export_->parsed() ? Action::kExport
                                       : Action::kQuery;
  command.filter = filter_;
  if (command.action != Action::kQuery) command.filter.limit = 0;
  command.filter.newest_first = command.action == Action::kQuery;
  command.file = file_;
  for (const auto& [flag, text, time] : {std::tuple("--since", &since_, &command.filter.since),
                                         std::tuple("--until", &until_, &command.filter.until)}) {
    if (text->empty()) continue;
    const auto parsed = audit::parse_time(*text);
    if (!parsed) return fail(fmt::format("{}={}: {}", flag, *text, parsed.error().message));
    *time = *parsed;
  }
  if (!filter_.outcome.empty() && !is_outcome(filter_.outcome)) {
    return fail(fmt::format("--outcome={}: not an outcome ({})", config::shown(filter_.outcome),
                            fmt::join(outcomes(), ", ")));
  }
  if (command.action == Action::kQuery && limit_given_->count() > 0) {
    const auto limit = config::parse_number(limit_, 1, kMaxQueryLimit);
    if (!limit)
      return fail(fmt::format("--limit={}: {}", config::shown(limit_), limit.error().message));
    command.filter.limit = *limit;
  }
  const bool text = command.action == Action::kQuery;
  const std::string format = format_.empty() ? (text ? "text" : "csv") : format_;
  if (format != "csv" && format != "json" && !(text && format == "text"))
    return fail(
        fmt::format("--format={}: not a format ({}csv, json)", format, text ? "text, " : ""));
  command.format = format == "csv"    ? Format::kCsv
                   : format == "json" ? Format::kJson
                                      : Format::kText;
  return command;
}

}  // namespace sidecar::app
