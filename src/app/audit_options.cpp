#include "app/audit_options.hpp"

namespace sidecar::app {
namespace {

constexpr std::string_view kFolder = "mcp-sidecar-audit.spool";

// A caller may hold three quarters of what it has to itself (Shares::leaves_room): the settings are
// these three quarters.
std::size_t with_room_for_others(std::size_t of_one_caller) {
  return of_one_caller + of_one_caller / 3;
}

audit::Arguments arguments_of(std::string_view word) {
  if (word == "full") return audit::Arguments::kFull;
  return word == "off" ? audit::Arguments::kOff : audit::Arguments::kHash;
}

std::filesystem::path folder_of(const config::Settings& settings) {
  if (!settings.audit_spool.empty()) return settings.audit_spool;
  const auto file = audit::sqlite_file(settings.audit_db);
  return file ? file->string() + ".spool" : std::string(kFolder);
}

}  // namespace

audit::Options audit_options(const config::Settings& settings) {
  audit::Options options;
  options.address = settings.audit_db;
  options.arguments = arguments_of(settings.audit_arguments);
  options.hash_key = settings.audit_hash_key;
  options.required = settings.audit_required;
  options.folder = folder_of(settings);
  options.queue_bytes = with_room_for_others(settings.audit_queue_bytes);
  options.spool_bytes = with_room_for_others(settings.audit_spool_bytes);
  options.retention.age = std::chrono::hours(24) * static_cast<int>(settings.audit_keep_days);
  options.retention.bytes = settings.audit_max_bytes;
  return options;
}

}  // namespace sidecar::app
