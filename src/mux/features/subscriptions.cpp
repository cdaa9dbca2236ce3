#include "mux/features/subscriptions.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "config/text.hpp"
#include "mcp/protocol.hpp"
#include "mux/core/admission.hpp"
#include "mux/core/wire.hpp"

namespace sidecar::mux {

namespace code = mcp::code;
namespace method = mcp::method;

namespace {

constexpr std::size_t kMaxUri = 4096;  // bytes; the URI is kept as long as the session

Answer granted(const Call& call) { return make_result(call.reply.client_id(), "{}"); }

}  // namespace

std::optional<Answer> Subscriptions::on_request(ClientId client, jsonrpc::Message& message,
                                                Call& call) {
  auto uri = jsonrpc::string_value(message.envelope.uri.in(message.text));
  if (!uri || client == kNoClient) return {};  // the child says what is wrong
  // A server that ends the URI at a NUL would release another client's subscription, and parsers of
  // URIs drop other control characters. No URI has one (RFC 3986, section 2).
  if (std::any_of(uri->begin(), uri->end(), config::control))
    return make_failure(Outcome::kError, call.reply.client_id(), code::kInvalidParams,
                        "the URI has a control character");
  return call.method == method::kResourcesSubscribe ? on_subscribe(client, *uri, call)
                                                    : on_unsubscribe(client, std::move(*uri), call);
}

std::optional<Answer> Subscriptions::on_subscribe(ClientId client, const std::string& uri,
                                                  Call& call) {
  const std::string& client_id = call.reply.client_id();
  if (uri.size() > kMaxUri)
    return make_failure(Outcome::kError, client_id, code::kInvalidParams,
                        "the URI is too long to subscribe to");
  const bool has = table_.has(uri, client);
  if (!has && table_.count(client) >= kPerClient)
    return make_failure(Outcome::kBusy, client_id, code::kBusy,
                        fmt::format("too many subscriptions: this session may have {}", kPerClient),
                        {}, std::chrono::seconds(1));
  const ClientEntry* entry = core_.clients().find(client);
  if (entry != nullptr && !has && !make_room(*entry, client, SubscriptionTable::bytes_of(uri)))
    return core_.admission().beyond_share(client_id, "subscription_bytes",
                                          core_.owners().subscriptions, holding(*entry, client),
                                          "too many bytes of subscriptions");
  call.subject = uri;
  if (!table_.wanted(uri) || has_open(client, method::kResourcesUnsubscribe, uri)) return {};
  add(client, uri);
  return granted(call);
}

// Takes effect when the child is given it; or here, when the child keeps the subscription for
// another client, or has none.
std::optional<Answer> Subscriptions::on_unsubscribe(ClientId client, std::string uri, Call& call) {
  const bool has = table_.has(uri, client) && core_.takes_calls() && known_at_child(uri);
  const bool gets = has_open(client, method::kResourcesSubscribe, uri);
  if ((has || gets) && !table_.wanted_by_other(uri, client)) {
    call.subject = std::move(uri);
    return {};
  }
  remove(client, uri, core_.calls().next_id());
  return granted(call);
}

std::optional<Answer> Subscriptions::before_send(WireId id, Call& call) {
  if (call.subject.empty() || call.method != method::kResourcesUnsubscribe) return {};
  remove(call.client, call.subject, id);
  if (!needed_at_child(call.subject) && known_at_child(call.subject)) return {};
  return granted(call);
}

void Subscriptions::on_result(WireId id, Call& call, Answer& answer) {
  if (!call.subject.empty() && call.method == method::kResourcesSubscribe)
    on_subscribed(id, call, answer);
}

void Subscriptions::on_subscribed(WireId id, Call& call, const Answer& answer) {
  if (answer.outcome != Outcome::kResult) {
    // A cancelled subscribe may have been granted, and kept for the sake of this one.
    if (unclaimed_.contains(call.subject)) release(call.subject);
    return;
  }
  if (call.reply.pending() && !call.undone) {
    unclaimed_.erase(call.subject);
    if (!known_at_child(call.subject)) restored_.insert(call.subject);
    return add(call.client, call.subject);
  }
  // The client withdrew; an unsubscribe for it may already be in flight.
  const auto own = core_.calls().of_client(call.client);
  const bool told = std::any_of(own.begin(), own.end(), [&](WireId each) {
    const Call& other = *core_.calls().find(each);
    return each > id && other.number != 0 && other.method == method::kResourcesUnsubscribe &&
           other.subject == call.subject;
  });
  if (!told) release(call.subject);
}

// The child may have granted it all the same.
void Subscriptions::on_abandoned(std::string_view name, const std::string& subject) {
  if (name == method::kResourcesSubscribe && !subject.empty()) release(subject);
}

bool Subscriptions::on_child_notification(const jsonrpc::Message& message) {
  if (message.method() != method::kResourcesUpdated) return false;
  const auto uri = jsonrpc::string_value(message.envelope.uri.in(message.text));
  const auto subscribers = uri ? table_.subscribers(*uri) : std::vector<ClientId>();
  if (subscribers.empty()) core_.drop("update_without_subscriber");
  for (const ClientId client : subscribers) {
    const ClientEntry* entry = core_.clients().find(client);
    if (entry == nullptr) continue;
    if (entry->client->may_receive_updates_of(*uri)) {
      core_.clients().tell(client, message.text);
      continue;
    }
    core_.drop("update_not_permitted");
    if (table_.has(*uri, client)) give_up(client, *uri);
  }
  return true;
}

void Subscriptions::client_left(ClientId client) {
  held_.erase(client);
  for (const std::string& uri : table_.remove_all(client)) release(uri);
}

void Subscriptions::add(ClientId client, const std::string& uri) {
  table_.add(uri, client);
  charge(client);
}

// Subscribes of the client that are older than the call `by` no longer hold.
void Subscriptions::remove(ClientId client, const std::string& uri, WireId by) {
  table_.remove(uri, client);
  charge(client);
  for (const WireId id : core_.calls().of_client(client)) {
    Call& call = *core_.calls().find(id);
    if (call.method == method::kResourcesSubscribe && call.subject == uri && id < by)
      call.undone = true;
  }
}

void Subscriptions::give_up(ClientId client, const std::string& uri) {
  remove(client, uri, core_.calls().next_id());
  release(uri);
}

// The child need not keep it, unless some client has it.
void Subscriptions::release(const std::string& uri) {
  if (core_.replaced() || !core_.takes_calls() || !known_at_child(uri) || needed_at_child(uri))
    return;
  if (release_bytes_ + uri.size() > kReleaseBytes) return core_.drop("unsubscribe_beyond_limit");
  release_bytes_ += uri.size();
  releases_.push_back(uri);
  core_.pump();
}

bool Subscriptions::has_open(ClientId client, std::string_view name, std::string_view uri) {
  const auto ids = core_.calls().of_client(client);
  return std::any_of(ids.begin(), ids.end(), [&](WireId id) {
    const Call& call = *core_.calls().find(id);
    return call.method == name && call.subject == uri && !call.withdrawn;
  });
}

// Whether a client has the child's subscription, or will by a request that the child has.
bool Subscriptions::needed_at_child(const std::string& uri) {
  unclaimed_.erase(uri);
  if (table_.wanted(uri)) return true;
  const auto all = core_.calls().all();
  const bool coming = std::any_of(all.begin(), all.end(), [&](WireId id) {
    const Call& call = *core_.calls().find(id);
    return call.method == method::kResourcesSubscribe && call.subject == uri && call.number != 0 &&
           !call.undone && !call.withdrawn;
  });
  if (coming) unclaimed_.insert(uri);
  return coming;
}

// While subscriptions are restored, the child does not have all of them yet.
bool Subscriptions::known_at_child(const std::string& uri) const {
  return !restore_next_ || uri < *restore_next_ || restored_.contains(uri);
}

Shares::Holding& Subscriptions::holding(const ClientEntry& entry, ClientId client) {
  const auto [held, fresh] = held_.try_emplace(client);
  if (fresh) held->second = core_.owners().subscriptions.hold(entry.account->name);
  return held->second;
}

void Subscriptions::charge(ClientId client) {
  const ClientEntry* entry = core_.clients().find(client);
  if (entry != nullptr) holding(*entry, client).set(table_.bytes(client));
}

bool Subscriptions::make_room(const ClientEntry& entry, ClientId client, std::size_t bytes) {
  Owners& owners = core_.owners();
  return owners.make_room(owners.subscriptions, holding(entry, client), bytes,
                          [this](const Owner& other) { return evict_one_of(other); });
}

// Ends a subscription of the owner's session that has most. MCP has no message that could tell the
// client.
bool Subscriptions::evict_one_of(const Owner& owner) {
  ClientId largest = kNoClient;
  std::size_t bytes = 0;
  for (const auto& [client, entry] : core_.clients().all()) {
    const std::size_t held = entry.account == &owner ? table_.bytes(client) : 0;
    if (held <= bytes) continue;
    largest = client;
    bytes = held;
  }
  const auto uri = table_.any(largest);
  if (!uri) return false;
  core_.refusals().warn("subscription ended to make room for another key or address",
                        {{"owner", owner.name}});
  core_.metrics().refused("subscription_ended_for_others").Increment();
  give_up(largest, *uri);
  return true;
}

void Subscriptions::permissions_changed() {
  to_review_.clear();
  for (const auto& [id, entry] : core_.clients().all()) {
    if (table_.count(id) > 0) to_review_.push_back(id);
  }
  review();
}

// One client a turn of the loop, because it may have kPerClient subscriptions.
void Subscriptions::review() {
  if (to_review_.empty()) return review_timer_.cancel();
  review_timer_ = core_.timers().after({}, [this] {
    const ClientId client = to_review_.back();
    to_review_.pop_back();
    for (const std::string& uri : table_.of(client)) {
      if (!core_.clients().find(client)->client->may_receive_updates_of(uri)) give_up(client, uri);
    }
    review();
  });
}

void Subscriptions::child_ready() { restore_next_.emplace(); }

void Subscriptions::child_gone() {
  unclaimed_.clear();
  restore_next_.reset();
  restored_.clear();
  releases_.clear();
  release_bytes_ = 0;
}

// Restores or releases the next subscription, as fast as the child reads and answers.
bool Subscriptions::work() {
  if (tending_ >= kTending) return false;
  if (auto uri = next_to_restore()) {
    tend(*std::move(uri), true);
  } else if (auto released = next_to_release()) {
    tend(*std::move(released), false);
  } else {
    return false;
  }
  return true;
}

std::optional<std::string> Subscriptions::next_to_restore() {
  while (restore_next_) {
    auto uri = table_.next(*restore_next_);
    restore_next_.reset();
    if (!uri) {
      restored_.clear();
      return {};
    }
    restore_next_ = *uri + '\0';
    if (!restored_.contains(*uri)) return uri;
  }
  return {};
}

std::optional<std::string> Subscriptions::next_to_release() {
  while (!releases_.empty()) {
    std::string uri = std::move(releases_.front());
    releases_.pop_front();
    release_bytes_ -= uri.size();
    if (!needed_at_child(uri)) return uri;
  }
  return {};
}

void Subscriptions::tend(std::string uri, bool restores) {
  ++tending_;
  const std::string params = fmt::format(R"({{"uri":{}}})", jsonrpc::string_token(uri));
  core_.ask_child(
      restores ? method::kResourcesSubscribe : method::kResourcesUnsubscribe, params,
      [this, restores, uri = std::move(uri)](const Answer& answer) {
        --tending_;
        if (restores && answer.outcome != Outcome::kResult)
          core_.log().warn("subscription not restored",
                           {{"uri", excerpt(uri)}, {"problem", answer.message}});
        core_.pump();
      },
      core_.limits().call_timeout);
}

// REQUIRES: the successor knows the clients.
void Subscriptions::migrate_to(Feature& successor) {
  auto& next = static_cast<Subscriptions&>(successor);
  next.table_ = std::exchange(table_, {});
  held_.clear();
  for (const auto& [client, entry] : next.core_.clients().all()) {
    if (next.table_.count(client) > 0) next.charge(client);
  }
  child_gone();
}

}  // namespace sidecar::mux
