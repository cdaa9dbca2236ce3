#include "audit/audit_log.hpp"

#include "audit/files.hpp"
#include "util/hash.hpp"

namespace sidecar::audit {
namespace {

constexpr std::chrono::seconds kComplainEvery{10};
// The most that a record takes besides its arguments: seven texts that a client may make long.
constexpr std::size_t kLargestRecord = sizeof(Record) + 7 * kLongestText;

}  // namespace

AuditLog::AuditLog(const Options& options, std::string hash_key, observe::Log& log, observe::Metrics& metrics)
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
  if (key.empty() && options.arguments == Arguments::kHash) {
    auto loaded = load_or_make_key(options.folder / "hmac.key");
    if (!loaded) return tl::unexpected(loaded.error());
    key = *std::move(loaded);
  }
  if (!opened) log.error("audit database is out", {{"error", opened.error().message}});
  std::unique_ptr<AuditLog> audit(new AuditLog(options, std::move(key), log, metrics));
  audit->writer_ =
      std::make_unique<Writer>(audit->queue_, *std::move(store), opened.has_value(), *std::move(spool),
                               options.retention, options.times, log, metrics);
  return audit;
}

std::string AuditLog::kept_of(std::string_view arguments) const {
  if (arguments.empty() || arguments_ == Arguments::kOff) return {};
  if (arguments_ == Arguments::kFull) return fit(arguments, kLongestArguments);
  return "hmac-sha256:" + hmac_sha256_hex(hash_key_, arguments);
}

Result<std::string> AuditLog::on_call_begin(std::string_view arguments) {
  std::string kept = kept_of(arguments);
  if (!required_) return kept;
  const std::size_t most = kLargestRecord + kept.size();
  if (queue_.bytes() + reserved_ + most > queue_.limit()) {
    metrics_.refused("audit").Increment();
    return fail("the audit log can take no record of this call now");
  }
  reserved_ += most;
  return kept;
}

void AuditLog::on_call_end(const observe::CallRecord& call, std::string kept) {
  if (required_) reserved_ -= kLargestRecord + kept.size();
  if (queue_.push(make_record(call, std::move(kept)))) return;
  metrics_.audit_dropped("queue_full").Increment();
  ++dropped_;
  if (Clock::now() < complain_at_) return;
  complain_at_ = Clock::now() + kComplainEvery;
  log_.error("audit records lost: neither the database nor the disk takes them", {{"records", dropped_}});
  dropped_ = 0;
}

}  // namespace sidecar::audit
