// AliveToken: turns a queued handler of a destroyed object into a no-op. Asio may already have
// queued a handler when the descriptor or timer behind it is destroyed; a handler that the object's
// token has wrapped then does nothing. Member of the object that starts the operation. Loop thread
// only.
#pragma once

#include <memory>
#include <utility>

namespace sidecar::child {

class AliveToken {
 public:
  // Neither copied nor moved: a token stands for one object.
  AliveToken() = default;
  AliveToken(const AliveToken&) = delete;
  AliveToken& operator=(const AliveToken&) = delete;

  template <class Action>
  auto wrap(Action action) const {
    return [alive = std::weak_ptr<const bool>(alive_),
            action = std::move(action)](auto&&... args) mutable {
      if (!alive.expired()) action(std::forward<decltype(args)>(args)...);
    };
  }

 private:
  // Shared only so that a weak_ptr can observe it.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace sidecar::child
