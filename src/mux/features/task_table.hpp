// TaskTable: the tasks of the child, and the session that each belongs to. Knows ids and whether a
// task has ended; never results. The owner bounds it: see Owners::tasks. Owned by Tasks. Loop thread
// only.
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
  WireId wire_id = 0;           // of the request that made it: its progress token stays valid
  std::string progress_token;   // as the client wrote it; empty: none
  bool ended = false;
  Shares::Holding
      share{};  // of its owner, who stays the same when its session has ended; 1 while it is known
};

class TaskTable {
 public:
  static constexpr std::size_t kMax = 4096;

  // `id`: the task's id, escapes undone. An id that is known already stays with its first owner.
  void add(std::string id, Task task);
  // The oldest task of an owner that has ended, else its oldest; nothing: it has none.
  std::optional<Task> forget_oldest_of(std::string_view owner);
  const Task* find(std::string_view id) const;
  const Task* find_wire(WireId id) const;
  // True: it had not ended before.
  bool end(std::string_view id);
  // Its tasks that have not ended, which now belong to nobody; the others are forgotten.
  std::vector<std::string> disown(ClientId client);
  std::vector<Task> clear();

  std::size_t open_of(ClientId client) const;

 private:
  std::map<std::string, Task, std::less<>> tasks_;
  std::map<WireId, std::string> by_wire_;  // oldest first
};

// Statuses after which nothing more comes: completed, failed, cancelled.
bool task_ended(std::string_view status);

}  // namespace sidecar::mux
