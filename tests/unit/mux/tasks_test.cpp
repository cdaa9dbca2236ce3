#include "mux/tasks.hpp"

#include <fmt/format.h>

#include "support/catch.hpp"

using namespace sidecar;

namespace {

std::optional<mux::Task> add(mux::Tasks& tasks, const std::string& id, mux::ClientId client,
                             mux::WireId wire) {
  mux::Task task;
  task.client = client;
  task.wire_id = wire;
  return tasks.add(id, std::move(task));
}

}  // namespace

TEST_CASE("tasks: an id that is known stays with its first owner") {
  mux::Tasks tasks;
  CHECK_FALSE(add(tasks, "T", 1, 10));
  CHECK_FALSE(add(tasks, "T", 2, 11));
  REQUIRE(tasks.find("T") != nullptr);
  CHECK(tasks.find("T")->client == 1);
  CHECK(tasks.find_wire(10) == tasks.find("T"));
  CHECK(tasks.find_wire(11) == nullptr);
  CHECK(tasks.open_of(2) == 0);
}

TEST_CASE("tasks: a task ends once, and is known until its session goes") {
  mux::Tasks tasks;
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

TEST_CASE("tasks: what a session leaves behind belongs to nobody, and is forgotten when it ends") {
  mux::Tasks tasks;
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

TEST_CASE("tasks: beyond the limit the oldest that has ended is forgotten, else the oldest") {
  mux::Tasks tasks;
  for (mux::WireId i = 1; i <= mux::Tasks::kMost; ++i) add(tasks, fmt::format("T{}", i), 1, i);
  tasks.end("T3");
  tasks.end("T5");
  auto forgotten = add(tasks, "new1", 2, 10'001);
  REQUIRE(forgotten);
  CHECK(forgotten->wire_id == 3);
  CHECK(forgotten->ended);
  forgotten = add(tasks, "new2", 2, 10'002);
  REQUIRE(forgotten);
  CHECK(forgotten->wire_id == 5);
  forgotten = add(tasks, "new3", 2, 10'003);
  REQUIRE(forgotten);
  CHECK(forgotten->wire_id == 1);
  CHECK_FALSE(forgotten->ended);
  CHECK(tasks.find("T1") == nullptr);
  CHECK(tasks.find_wire(1) == nullptr);
  CHECK(tasks.find("T2") != nullptr);
  CHECK(tasks.clear().size() == mux::Tasks::kMost);
  CHECK(tasks.find("T2") == nullptr);
  CHECK(tasks.find_wire(2) == nullptr);
}

TEST_CASE("tasks: three statuses are the end") {
  for (const char* status : {"completed", "failed", "cancelled"}) CHECK(mux::task_ended(status));
  for (const char* status : {"working", "input_required", "", "Completed"})
    CHECK_FALSE(mux::task_ended(status));
}
