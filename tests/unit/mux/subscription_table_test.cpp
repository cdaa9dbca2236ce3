#include "mux/features/subscription_table.hpp"

#include "support/catch.hpp"

using namespace sidecar;
using Clients = std::vector<mux::ClientId>;

TEST_CASE("subscription table: only removing the last subscriber of a resource returns true") {
  mux::SubscriptionTable all;
  all.add("u", 1);
  all.add("u", 1);  // once more: still one
  all.add("u", 2);
  CHECK(all.count(1) == 1);
  CHECK(all.has("u", 1));
  CHECK(all.wanted_by_other("u", 1));
  CHECK(all.wanted_by_other("u", 3));
  CHECK_FALSE(all.wanted_by_other("v", 1));
  CHECK_FALSE(all.remove("u", 1));
  CHECK_FALSE(all.remove("u", 1));
  CHECK_FALSE(all.remove("u", 3));
  CHECK_FALSE(all.remove("v", 2));
  CHECK(all.wanted("u"));
  CHECK_FALSE(all.wanted_by_other("u", 2));
  CHECK(all.remove("u", 2));
  CHECK_FALSE(all.wanted("u"));
  CHECK(all.count(2) == 0);
}

TEST_CASE(
    "subscription table: a client that leaves frees the resources that no other client wants") {
  mux::SubscriptionTable all;
  all.add("a", 1);
  all.add("b", 1);
  all.add("b", 2);
  all.add("c", 1);
  CHECK(all.count(1) == 3);
  CHECK(all.remove_all(1) == std::vector<std::string>{"a", "c"});
  CHECK(all.remove_all(1).empty());
  CHECK(all.count(1) == 0);
  CHECK(all.next("") == "b");
  CHECK_FALSE(all.next("c"));
  CHECK(all.subscribers("b") == Clients{2});
}

TEST_CASE(
    "subscription table: an update goes to the subscribers of the resource, else to those of what "
    "it is part of") {
  mux::SubscriptionTable all;
  all.add("file:///d", 1);
  all.add("file:///d/e/", 2);
  all.add("file:///d/e/f", 3);
  CHECK(all.subscribers("file:///d/e/f") == Clients{3});
  CHECK(all.subscribers("file:///d/e/g") == Clients{1, 2});
  CHECK(all.subscribers("file:///d/x") == Clients{1});
  CHECK(all.subscribers("file:///d/") == Clients{1});
  CHECK(all.subscribers("file:///dx").empty());
  CHECK(all.subscribers("file:///").empty());
}

TEST_CASE(
    "subscription table: a client's memory is counted, however its subscriptions are removed") {
  mux::SubscriptionTable all;
  const std::string uri(4096, 'u');
  CHECK(all.bytes(1) == 0);
  all.add(uri, 1);
  all.add(uri, 1);  // once more: still one
  all.add(uri, 2);
  all.add("v", 1);
  CHECK(all.bytes(1) ==
        mux::SubscriptionTable::bytes_of(uri) + mux::SubscriptionTable::bytes_of("v"));
  CHECK(all.bytes(1) > uri.size());
  CHECK(all.bytes(2) == mux::SubscriptionTable::bytes_of(uri));
  CHECK(all.any(2) == uri);
  all.remove(uri, 1);
  CHECK(all.bytes(1) == mux::SubscriptionTable::bytes_of("v"));
  all.remove_all(1);
  all.remove_all(2);
  CHECK(all.bytes(1) + all.bytes(2) == 0);
  CHECK_FALSE(all.any(2));
}

TEST_CASE(
    "subscription table: a client that subscribed to a whole twice gets an update of a part once") {
  mux::SubscriptionTable all;
  all.add("file:///d", 1);
  all.add("file:///d/", 1);
  CHECK(all.subscribers("file:///d/e") == Clients{1});
}

TEST_CASE("subscription table: resources without slashes, or with nothing else, have no parts") {
  mux::SubscriptionTable all;
  all.add("u", 1);
  all.add("", 2);
  all.add("/", 3);
  CHECK(all.subscribers("v").empty());
  CHECK(all.subscribers("uv").empty());
  CHECK(all.subscribers("/v").empty());  // "/" and "" contain nothing
  CHECK(all.subscribers("//").empty() == false);
  CHECK(all.subscribers("u/v") == Clients{1});
  CHECK(all.subscribers("") == Clients{2});
}
