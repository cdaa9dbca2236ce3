#include "audit/audit_log.hpp"

#include <algorithm>
#include <iterator>

#include "util/crypto.hpp"
#include "util/files.hpp"

namespace sidecar::audit {
namespace {

constexpr std::chrono::seconds kReportEvery{10};
constexpr std::string_view kHashed = "hmac-sha256:";
constexpr std::size_t kHashSize = kHashed.size() + 64;
// Upper bound of a record's size without full arguments: seven texts of up to kMaxText, the short
// texts, a hash.
constexpr std::size_t kMaxRecord = sizeof(Record) + 7 * kMaxText + 100 + kMaxServer + kHashSize;

// Outcomes of refused calls, unless the call reached the wrapped server.
constexpr std::string_view kRefused[] = {"forbidden", "busy", "over_rate", "unavailable"};

bool was_refused(const observe::CallRecord& call) {
  return call.at_child == Clock::duration::zero() &&
         std::find(std::begin(kRefused), std::end(kRefused), call.outcome) != std::end(kRefused);
}

}  // namespace

AuditLog::AuditLog(const Options& options, std::string hash_key, observe::Log& log,
                   observe::Metrics& metrics)
    : arguments_(options.arguments),
      hash_key_(std::move(hash_key)),
      required_(options.required),
      log_(log),
      metrics_(metrics),
      queue_(options.queue_bytes) {}

Result<std::unique_ptr<AuditLog>> AuditLog::start(const Options& options, observe::Log& log,
                                                  observe::Metrics& metrics) {
  auto store = make_store(options.address, Access::kWrite);
  if (!store) return tl::unexpected(store.error());
  const auto opened = (*store)->open(Clock::now() + options.times.call);
  const bool file = sqlite_file(options.address).has_value();
  if (!opened && (file || opened.error().kind == StoreError::Kind::kUnusable))
    return fail(opened.error().message);
  auto spool = Spool::open(options.folder, options.spool_bytes);
  if (!spool) return tl::unexpected(spool.error());
  std::string key = options.hash_key;
  if (key.empty() && options.arguments != Arguments::kOff) {
    auto loaded = load_or_make_key(options.folder / "hmac.key");
    if (!loaded) return tl::unexpected(loaded.error());
    key = *std::move(loaded);
  }
  if (!opened) log.error("audit database unavailable", {{"error", opened.error().message}});
  std::unique_ptr<AuditLog> audit(new AuditLog(options, std::move(key), log, metrics));
  audit->writer_ =
      std::make_unique<Writer>(audit->queue_, *std::move(store), opened.has_value(),
                               *std::move(spool), options.retention, options.times, log, metrics);
  return audit;
}

std::string AuditLog::hashed(std::string_view arguments) const {
  return std::string(kHashed) + hmac_sha256_hex(hash_key_, arguments);
}

// The text kept until the call ends. The hash precedes full arguments that had to be changed
// (truncated, or invalid UTF-8).
std::string AuditLog::kept_of(observe::CallArguments arguments) const {
  if (arguments_ == Arguments::kOff) return {};
  if (!arguments.readable) return std::string(kUnreadable);
  if (arguments.text.empty()) return {};
  if (arguments_ == Arguments::kHash) return hashed(arguments.text);
  std::string text = fit(arguments.text, kMaxArguments);
  if (text != arguments.text) text.insert(0, hashed(arguments.text));
  return text;
}

// Of refused calls only the hash of the arguments is recorded, because such calls cost the caller
// nothing and could fill the log.
std::string AuditLog::recorded(std::string kept, bool refused) const {
  if (arguments_ != Arguments::kFull || kept.empty() || kept == kUnreadable) return kept;
  // Arguments are JSON, which cannot begin with kHashed.
  if (!kept.starts_with(kHashed)) return refused ? hashed(kept) : kept;
  return refused ? kept.substr(0, kHashSize) : kept.substr(kHashSize);
}

Result<std::string> AuditLog::on_call_begin(const auth::Principal& caller,
                                            observe::CallArguments arguments) {
  std::string kept = kept_of(arguments);
  if (!required_) return kept;
  const std::string owner = owner_of(caller);
  if (queue_.reserve(owner, kMaxRecord + kept.size())) return kept;
  metrics_.refused("audit").Increment();
  report(refused_, "calls refused: the audit log has no room for their records", owner);
  return fail(
      "the audit log cannot record this call: its database is unavailable or slow, and records of "
      "this caller have used up its share of MCP_AUDIT_QUEUE");
}

void AuditLog::on_call_end(const observe::CallRecord& call, std::string kept) {
  const std::size_t reserved = required_ ? kMaxRecord + kept.size() : 0;
  Record record = make_record(call, recorded(std::move(kept), was_refused(call)));
  const std::string owner(record.owner());
  if (queue_.push(std::move(record), reserved)) return;
  metrics_.audit_dropped("queue_full").Increment();
  report(dropped_, "audit records lost: database and spool accept no more", owner);
}

void AuditLog::report(RepeatedError& error, std::string_view event, std::string_view owner) {
  ++error.count;
  if (Clock::now() < error.next) return;
  error.next = Clock::now() + kReportEvery;
  log_.error(event, {{"count", error.count}, {"caller", owner}, {"setting", "MCP_AUDIT_QUEUE"}});
  error.count = 0;
}

}  // namespace sidecar::audit
