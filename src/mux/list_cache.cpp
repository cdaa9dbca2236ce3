#include "mux/list_cache.hpp"

#include <algorithm>
#include <array>

namespace sidecar::mux {
namespace {

// `params` without white space and without the values at `values`, which are in its order of names.
std::string skeleton(std::string_view text, jsonrpc::Span params, std::vector<jsonrpc::Span> values) {
  std::erase_if(values, [](jsonrpc::Span value) { return !value; });
  std::sort(values.begin(), values.end(), [](auto a, auto b) { return a.begin < b.begin; });
  std::string bare;
  std::size_t from = params.begin;
  values.push_back({params.end(), 0});
  for (const jsonrpc::Span value : values) {
    for (const char c : text.substr(from, value.begin - from)) {
      if (c != ' ' && c != '\t') bare += c;
    }
    from = value.end();
  }
  return bare;
}

constexpr std::array<std::string_view, 5> kPlain = {R"({})", R"({"cursor":})", R"({"_meta":})",
                                                    R"({"cursor":,"_meta":})", R"({"_meta":,"cursor":})"};

}  // namespace

std::optional<std::string> ListCache::key(const jsonrpc::Message& request) {
  static constexpr std::array<std::string_view, 2> kNames = {"cursor", "_meta"};
  std::string key(request.method());
  if (!request.envelope.params) return key;
  const auto places = jsonrpc::find_members(request.text, kNames, request.envelope.params);
  if (!places) return std::nullopt;
  const std::string bare = skeleton(request.text, request.envelope.params, *places);
  if (std::find(kPlain.begin(), kPlain.end(), bare) == kPlain.end()) return std::nullopt;
  if ((*places)[0]) key.append(" ").append((*places)[0].in(request.text));
  return key;
}

const std::string* ListCache::find(const std::string& key) const {
  const auto found = lists_.find(key);
  return found == lists_.end() ? nullptr : &found->second;
}

bool ListCache::lead_or_wait(const std::string& key, WireId id) {
  const auto [flight, fresh] = flights_.try_emplace(key);
  if (fresh) flight->second.leader = id;
  // What is under way may be older than the change that has been told of: this one is fetched anew, and not
  // kept.
  if (flight->second.leader == id || flight->second.stale) return true;
  flight->second.waiting.push_back(id);
  return false;
}

void ListCache::store(const std::string& key, WireId id, std::string_view result) {
  const auto flight = flights_.find(key);
  if (flight == flights_.end() || flight->second.leader != id || flight->second.stale) return;
  if (lists_.contains(key) || bytes_ + result.size() > kMostBytes || lists_.size() >= kMostLists) return;
  bytes_ += result.size();
  lists_.emplace(key, result);
}

std::vector<WireId> ListCache::leave(const std::string& key, WireId id) {
  const auto flight = flights_.find(key);
  if (flight == flights_.end()) return {};
  if (flight->second.leader != id) {
    std::erase(flight->second.waiting, id);
    return {};
  }
  std::vector<WireId> waiting = std::move(flight->second.waiting);
  flights_.erase(flight);
  return waiting;
}

void ListCache::changed(std::string_view capability) {
  const auto of_it = [capability](const std::string& key) {
    return key.starts_with(capability) && key.size() > capability.size() && key[capability.size()] == '/';
  };
  for (auto list = lists_.begin(); list != lists_.end();) {
    if (!of_it(list->first)) {
      ++list;
    } else {
      bytes_ -= list->second.size();
      list = lists_.erase(list);
    }
  }
  for (auto& [key, flight] : flights_) {
    if (of_it(key)) flight.stale = true;
  }
}

void ListCache::clear() {
  lists_.clear();
  flights_.clear();
  bytes_ = 0;
}

}  // namespace sidecar::mux
