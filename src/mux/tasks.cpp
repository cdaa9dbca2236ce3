#include "mux/tasks.hpp"

#include <algorithm>

namespace sidecar::mux {

bool task_ended(std::string_view status) {
  return status == "completed" || status == "failed" || status == "cancelled";
}

std::optional<Task> Tasks::add(std::string id, Task task) {
  if (tasks_.contains(id)) return std::nullopt;
  std::optional<Task> forgotten;
  if (tasks_.size() >= kMost) {
    const auto ended = std::find_if(by_wire_.begin(), by_wire_.end(), [this](const auto& entry) {
      return tasks_.find(entry.second)->second.ended;
    });
    const auto oldest = ended == by_wire_.end() ? by_wire_.begin() : ended;
    const auto victim = tasks_.find(oldest->second);
    forgotten = std::move(victim->second);
    tasks_.erase(victim);
    by_wire_.erase(oldest);
  }
  by_wire_.emplace(task.wire_id, id);
  tasks_.emplace(std::move(id), std::move(task));
  return forgotten;
}

const Task* Tasks::find(std::string_view id) const {
  const auto found = tasks_.find(id);
  return found == tasks_.end() ? nullptr : &found->second;
}

const Task* Tasks::find_wire(WireId id) const {
  const auto found = by_wire_.find(id);
  return found == by_wire_.end() ? nullptr : find(found->second);
}

bool Tasks::end(std::string_view id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end() || found->second.ended) return false;
  found->second.ended = true;
  if (found->second.client == kNoClient) {
    by_wire_.erase(found->second.wire_id);
    tasks_.erase(found);
  }
  return true;
}

std::vector<std::string> Tasks::disown(ClientId client) {
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

std::vector<Task> Tasks::clear() {
  std::vector<Task> all;
  for (auto& [id, task] : tasks_) all.push_back(std::move(task));
  tasks_.clear();
  by_wire_.clear();
  return all;
}

std::size_t Tasks::open_of(ClientId client) const {
  return static_cast<std::size_t>(std::count_if(tasks_.begin(), tasks_.end(), [client](const auto& entry) {
    return entry.second.client == client && !entry.second.ended;
  }));
}

}  // namespace sidecar::mux
