#include "mux/features/task_table.hpp"

#include <algorithm>

namespace sidecar::mux {

bool task_ended(std::string_view status) {
  return status == "completed" || status == "failed" || status == "cancelled";
}

void TaskTable::add(std::string id, Task task) {
  if (tasks_.contains(id)) return;
  task.share.set(1);
  by_wire_.emplace(task.wire_id, id);
  tasks_.emplace(std::move(id), std::move(task));
}

std::optional<Task> TaskTable::forget_oldest_of(std::string_view owner) {
  auto oldest = by_wire_.end();
  for (auto each = by_wire_.begin(); each != by_wire_.end(); ++each) {
    const Task& task = tasks_.find(each->second)->second;
    if (task.share.owner() != owner) continue;
    if (oldest == by_wire_.end() || task.ended) oldest = each;
    if (task.ended) break;
  }
  if (oldest == by_wire_.end()) return std::nullopt;
  auto forgotten = tasks_.extract(tasks_.find(oldest->second));
  by_wire_.erase(oldest);
  return std::move(forgotten.mapped());
}

const Task* TaskTable::find(std::string_view id) const {
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : &found->second;
}

const Task* TaskTable::find_wire(WireId id) const {
  const auto found = by_wire_.find(id);
  return found == by_wire_.end() ? nullptr : find(found->second);
}

bool TaskTable::end(std::string_view id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end() || found->second.ended) return false;
  found->second.ended = true;
  if (found->second.client == kNoClient) {
    by_wire_.erase(found->second.wire_id);
    tasks_.erase(found);
  }
  return true;
}

std::vector<std::string> TaskTable::disown(ClientId client) {
  std::vector<std::string> open;
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    if (task->second.client != client) {
      ++task;
    } else if (task->second.ended) {
      by_wire_.erase(task->second.wire_id);
      task = tasks_.erase(task);
    } else {
      task->second.client = kNoClient;
      open.push_back(task->first);
      ++task;
    }
  }
  return open;
}

std::vector<Task> TaskTable::clear() {
  std::vector<Task> all;
  for (auto& [id, task] : tasks_) all.push_back(std::move(task));
  tasks_.clear();
  by_wire_.clear();
  return all;
}

std::size_t TaskTable::open_of(ClientId client) const {
  return static_cast<std::size_t>(
      std::count_if(tasks_.begin(), tasks_.end(), [client](const auto& entry) {
        return entry.second.client == client && !entry.second.ended;
      }));
}

}  // namespace sidecar::mux
