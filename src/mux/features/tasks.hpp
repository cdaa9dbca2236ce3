// Tasks: keeps the tasks of each session its own on a shared child. A task belongs to the session
// whose request made it; for every other session it does not exist. A task that nobody can ask for
// is cancelled at the child. MCP 2025-11-25, Tasks. Bounds: Limits::calls_per_client open tasks a
// session, Owners::tasks, shared by owners. Owned by Multiplexer. Loop thread only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mux/core/feature.hpp"
#include "mux/features/task_table.hpp"

namespace sidecar::mux {

class Tasks : public Feature {
 public:
  using Feature::Feature;

  std::optional<Answer> on_request(ClientId client, jsonrpc::Message& message, Call& call) override;
  std::optional<Answer> before_send(WireId id, Call& call) override;
  void on_result(WireId id, Call& call, Answer& answer) override;
  bool on_child_notification(const jsonrpc::Message& message) override;
  void client_left(ClientId client) override;
  void child_gone() override { table_.clear(); }
  // Tasks stay with the process that runs them.
  void migrate_to(Feature&) override {}

  // The result of a task-augmented call (Call::task) of any method.
  void on_made(WireId id, const Call& call, const Answer& answer);
  // The same, for a call that the table of calls has given up: its task is cancelled.
  void on_made_late(const jsonrpc::Message& message);
  // The task that the message is related to. (Tasks, Related Task.)
  std::optional<ClientId> client_named_in(const jsonrpc::Message& message) const override;
  bool has(ClientId client, std::string_view id) const;

 private:
  // The token of a task stays valid while the task lives. (Tasks, Task Progress Notifications.)
  // False: the progress is for no open task.
  bool on_progress(const jsonrpc::Message& message);
  void filter_list(const Call& call, Answer& answer) const;
  void cancel(std::string_view id);
  void end(std::string_view id);
  bool forget_oldest_of(const Owner& owner);

  TaskTable table_;
};

}  // namespace sidecar::mux
