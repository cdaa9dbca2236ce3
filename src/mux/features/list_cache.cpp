#include "mux/features/list_cache.hpp"

#include <algorithm>
#include <array>

#include "jsonrpc/tree.hpp"
#include "mcp/protocol.hpp"

namespace sidecar::mux {
namespace {

// Members of _meta that a list does not depend on: they identify and trace the call, and describe
// the client.
constexpr std::array<std::string_view, 8> kNoMatter = {"progressToken",
                                                       "traceparent",
                                                       "tracestate",
                                                       "baggage",
                                                       mcp::kStatelessVersionKey,
                                                       "io.modelcontextprotocol/clientInfo",
                                                       "io.modelcontextprotocol/clientCapabilities",
                                                       "io.modelcontextprotocol/logLevel"};

bool matters(const std::string& name) {
  return std::find(kNoMatter.begin(), kNoMatter.end(), name) == kNoMatter.end();
}

// `key`: from ListCache::key().
bool has_cursor(const std::string& key) { return key.find(' ') != std::string::npos; }

}  // namespace

std::optional<std::string> ListCache::key(const jsonrpc::Message& request) {
  std::string key(request.method());
  if (!request.envelope.params) return key;
  const jsonrpc::Tree params(request.envelope.params.in(request.text));
  using Tree = jsonrpc::Tree;
  if (params.type(Tree::kRoot) != Tree::Type::kObject) return std::nullopt;
  for (Tree::Index at = Tree::first(Tree::kRoot); at < params.end(Tree::kRoot);
       at = params.end(at)) {
    const std::string name = params.key(at);
    if (name == "cursor") {
      key.append(" ").append(params.text(at));
    } else if (name == "_meta" && params.type(at) == Tree::Type::kObject) {
      for (Tree::Index each = Tree::first(at); each < params.end(at); each = params.end(each)) {
        if (matters(params.key(each))) return std::nullopt;
      }
    } else {
      return std::nullopt;
    }
  }
  return key;
}

KeptText ListCache::find(const std::string& key) {
  const auto found = lists_.find(key);
  if (found == lists_.end()) return nullptr;
  found->second.used = next_use_++;
  return found->second.result;
}

KeptText ListCache::find_view(const std::string& key, const std::string& rules) {
  const auto list = lists_.find(key);
  if (list == lists_.end()) return nullptr;
  const auto view = list->second.views.find(rules);
  if (view == list->second.views.end()) return nullptr;
  view->second.used = next_use_++;
  return view->second.text;
}

void ListCache::keep_view(const std::string& key, const KeptText& list, const std::string& rules,
                          KeptText view) {
  const auto found = lists_.find(key);
  if (found == lists_.end() || found->second.result != list || found->second.views.contains(rules))
    return;
  const std::size_t bytes = rules.size() + (view == list ? 0 : view->size());
  if (bytes > kMaxViewBytes) return;
  while (view_bytes_ + bytes > kMaxViewBytes || views_ >= kMaxViews) erase_oldest_view();
  view_bytes_ += bytes;
  ++views_;
  found->second.views.emplace(rules, View{std::move(view), bytes, next_use_++});
}

void ListCache::erase_oldest_view() {
  std::map<std::string, View>* of = nullptr;
  std::map<std::string, View>::iterator oldest;
  for (auto& [key, list] : lists_) {
    for (auto view = list.views.begin(); view != list.views.end(); ++view) {
      if (of != nullptr && oldest->second.used < view->second.used) continue;
      of = &list.views;
      oldest = view;
    }
  }
  if (of == nullptr) return;
  view_bytes_ -= oldest->second.bytes;
  --views_;
  of->erase(oldest);
}

bool ListCache::lead_or_wait(const std::string& key, WireId id) {
  const auto [flight, fresh] = flights_.try_emplace(key);
  if (fresh) flight->second.leader = id;
  // If stale, the list being fetched may be older than a reported change: this call fetches the
  // list again, and its result is not kept.
  if (flight->second.leader == id || flight->second.stale) return true;
  flight->second.waiting.push_back(id);
  return false;
}

bool ListCache::store(const std::string& key, WireId id, std::string_view result) {
  const auto flight = flights_.find(key);
  if (flight == flights_.end() || flight->second.leader != id || flight->second.stale) return false;
  if (lists_.contains(key) || !make_room(key, key.size() + result.size())) return false;
  bytes_ += key.size() + result.size();
  auto text = std::make_shared<std::string>();
  text->reserve(result.size() + jsonrpc::kPadding);
  text->append(result);
  lists_.emplace(key, Kept{std::move(text), next_use_++});
  return true;
}

bool ListCache::make_room(const std::string& key, std::size_t more) {
  if (more > kMaxBytes) return false;
  while (bytes_ + more > kMaxBytes || lists_.size() >= kMaxLists) {
    const auto oldest =
        std::min_element(lists_.begin(), lists_.end(), [](const auto& a, const auto& b) {
          return std::pair(!has_cursor(a.first), a.second.used) <
                 std::pair(!has_cursor(b.first), b.second.used);
        });
    if (has_cursor(key) && !has_cursor(oldest->first)) return false;
    erase(oldest);
  }
  return true;
}

ListCache::Lists::iterator ListCache::erase(Lists::iterator list) {
  bytes_ -= list->first.size() + list->second.result->size();
  views_ -= list->second.views.size();
  for (const auto& [rules, view] : list->second.views) view_bytes_ -= view.bytes;
  return lists_.erase(list);
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
    return key.starts_with(capability) && key.size() > capability.size() &&
           key[capability.size()] == '/';
  };
  for (auto list = lists_.begin(); list != lists_.end();) {
    if (!of_it(list->first)) {
      ++list;
    } else {
      list = erase(list);
    }
  }
  for (auto& [key, flight] : flights_) {
    if (of_it(key)) flight.stale = true;
  }
}

void ListCache::clear() {
  lists_.clear();
  flights_.clear();
  bytes_ = views_ = view_bytes_ = 0;
}

}  // namespace sidecar::mux
