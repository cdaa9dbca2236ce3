#include "observe/recent_calls.hpp"

#include <algorithm>

namespace sidecar::observe {
namespace {

constexpr std::size_t kShownSession = 8;  // characters, as in every log line about a session

void keep(std::string& place, std::string_view text, std::size_t most = RecentCalls::kMaxWord) {
  place.assign(text.substr(0, most));
}

}  // namespace

void RecentCalls::on_call_end(const CallRecord& record, std::string /*kept*/) {
  if (calls_.size() < kKept) calls_.emplace_back();
  Call& call = calls_[count_++ % kKept];
  call.began = record.began;
  call.took = record.took;
  keep(call.method, record.method);
  keep(call.subject, record.subject);
  call.outcome = record.outcome;
  keep(call.error, record.error, kMaxError);
  keep(call.session, record.source.session, kShownSession);
  keep(call.server, record.source.server);
  keep(call.key, record.caller.owner);
  keep(call.address, record.caller.address);
  call.transport = record.source.transport;
  keep(call.client, record.source.client_name);
  if (!record.source.client_version.empty())
    call.client.append(" ").append(record.source.client_version, 0, kMaxWord);
  call.request_bytes = record.request_bytes;
  call.answer_bytes = record.answer_bytes;

  const auto known = std::find_if(outcomes_.begin(), outcomes_.end(), [&record](const auto& each) {
    return each.first == record.outcome;
  });
  if (known != outcomes_.end())
    ++known->second;
  else
    outcomes_.emplace_back(record.outcome, 1);
}

}  // namespace sidecar::observe
