// TaskTable: the tasks of the child and the session of each. Knows ids and whether a task has
// ended; never results. Owned by Tasks, which bounds it: see Owners::tasks. Loop thread only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mux/core/call.hpp"
#include "util/shares.hpp"

namespace sidecar::mux {

struct Task {
  ClientId client = kNoClient;  // kNoClient: its session has ended
  WireId wire_id = 0;           // of the request that created it: its progress token stays valid
  std::string progress_token;   // as the client wrote it; empty: none
  bool ended = false;
  // 1 while the task is in the table; of the owner, also after its session has ended.
  Shares::Holding share{};
};

class TaskTable {
 public:
  // `id`: the task's id, unescaped. A known id stays with its first session.
  void add(std::string id, Task task);
  // Removes the owner's oldest ended task, else its oldest one; nullopt: it has none.
  std::optional<Task> forget_oldest_of(std::string_view owner);
  const Task* find(std::string_view id) const;
  const Task* find_wire(WireId id) const;
  // Marks a task as ended. True: it had not ended before.
  bool end(std::string_view id);
  // The client has left. Returns its open tasks, which stay without a session; removes ended ones.
  std::vector<std::string> disown(ClientId client);
  std::vector<Task> clear();

  std::size_t open_of(ClientId client) const;

 private:
  std::map<std::string, Task, std::less<>> tasks_;
  std::map<WireId, std::string> by_wire_;  // oldest first
};

// Whether a status is final: completed, failed, cancelled.
bool task_ended(std::string_view status);

}  // namespace sidecar::mux
