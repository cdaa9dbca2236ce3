#include "mux/features/task_table.hpp"

#include <fmt/format.h>

#include "mux/core/owners.hpp"
#include "support/catch.hpp"

using namespace sidecar;

namespace {

// Outlives the tasks.
Shares shares(mux::Owners::kTasks);

void add(mux::TaskTable& tasks, const std::string& id, mux::ClientId client, mux::WireId wire,
         std::string_view owner = "a") {
  mux::Task task;
  task.client = client;
  task.wire_id = wire;
  task.share = shares.hold(owner);
  tasks.add(id, std::move(task));
}

}  // namespace

TEST_CASE("tasks: a known id stays with its first owner") {
  mux::TaskTable tasks;
  add(tasks, "T", 1, 10);
  add(tasks, "T", 2, 11);
  REQUIRE(tasks.find("T") != nullptr);
  CHECK(tasks.find("T")->client == 1);
  CHECK(tasks.find_wire(10) == tasks.find("T"));
  CHECK(tasks.find_wire(11) == nullptr);
  CHECK(tasks.open_of(2) == 0);
}

TEST_CASE("tasks: a task ends once, and is known until its session leaves") {
  mux::TaskTable tasks;
  add(tasks, "T", 1, 10);
  CHECK(tasks.open_of(1) == 1);
  CHECK(tasks.end("T"));
  CHECK_FALSE(tasks.end("T"));
  CHECK_FALSE(tasks.end("U"));
  CHECK(tasks.open_of(1) == 0);
  CHECK(tasks.find("T") != nullptr);
  CHECK(tasks.disown(1).empty());
  CHECK(tasks.find("T") == nullptr);
  CHECK(tasks.find_wire(10) == nullptr);
}

TEST_CASE(
    "tasks: an open task of a session that left has no owner, and is forgotten when it ends") {
  mux::TaskTable tasks;
  add(tasks, "T", 1, 10);
  add(tasks, "U", 2, 11);
  CHECK(tasks.disown(1) == std::vector<std::string>{"T"});
  CHECK(tasks.disown(1).empty());
  REQUIRE(tasks.find("T") != nullptr);
  CHECK(tasks.find("T")->client == mux::kNoClient);
  CHECK(tasks.end("T"));
  CHECK(tasks.find("T") == nullptr);
  CHECK(tasks.find_wire(10) == nullptr);
  CHECK(tasks.find("U")->client == 2);
}

TEST_CASE("tasks: the oldest ended task of an owner is forgotten, else the oldest") {
  mux::TaskTable tasks;
  add(tasks, "other", 2, 1, "b");
  for (mux::WireId i = 2; i <= 6; ++i) add(tasks, fmt::format("T{}", i), 1, i);
  CHECK(shares.held_by("a") == 5);
  tasks.end("other");
  tasks.end("T3");
  tasks.end("T5");
  for (const mux::WireId wire : {3u, 5u, 2u}) {
    const auto forgotten = tasks.forget_oldest_of("a");
    REQUIRE(forgotten);
    CHECK(forgotten->wire_id == wire);
    CHECK(forgotten->ended == (wire != 2));
    CHECK(tasks.find_wire(wire) == nullptr);
  }
  CHECK(tasks.find("T2") == nullptr);
  CHECK(tasks.find("T4") != nullptr);
  CHECK(shares.held_by("a") == 2);
  CHECK_FALSE(tasks.forget_oldest_of("c"));
  CHECK(tasks.clear().size() == 3);
  CHECK(tasks.find("other") == nullptr);
  CHECK(shares.used() == 0);
}

TEST_CASE("tasks: three statuses are final") {
  for (const char* status : {"completed", "failed", "cancelled"}) CHECK(mux::task_ended(status));
  for (const char* status : {"working", "input_required", "", "Completed"})
    CHECK_FALSE(mux::task_ended(status));
}
